"""Names of devices and of things for the home: of which kind they are, and which are of none."""

from __future__ import annotations

import pytest

from tests.insights.test_pack_kinds import KINDS
from workers.insights.pack.kinds import known_kind

# Each in at least three languages.
NAMES = {
    "phone": (
        "Apple iPhone 13 Pro 128 GB", "Samsung Galaxy A54 5G", "INFINIX HOT 10 6/128",
        "Unlocked cell phone", "Seniorenhandy mit Notruf", "Téléphone portable débloqué",
        "Teléfono móvil libre 64 GB", "Celular Motorola Moto G54",
    ),
    "tablet": (
        "Android tablet 10 inch", "Apple iPad Air", "Samsung Galaxy Tab S9",
        "Kinder-Tablet 7 Zoll", "Tablette tactile 10 pouces", "Tableta Android 10 pulgadas",
    ),
    "laptop": (
        "Lenovo laptop 15.6", "MacBook Air M2", "Gaming-Notebook 17 Zoll",
        "Ordinateur portable HP", "Ordenador portátil Asus", "Notebook Samsung Book",
        "Laptop with keyboard light",
    ),
    "desktop_computer": (
        "Gaming PC Ryzen 5", "Dell OptiPlex 9010 Tower", "Desktop-PC i7",
        "Ordinateur de bureau HP", "Ordenador de sobremesa", "Computador de mesa i5",
    ),
    "keyboard": (
        "Mechanical gaming keyboard", "Funktastatur QWERTZ", "Clavier mécanique AZERTY",
        "Teclado mecánico RGB", "Teclado sem fio",
    ),
    "mouse": (
        "Wireless mouse", "Gaming-Maus RGB", "Souris sans fil", "Ratón inalámbrico",
        "Mouse gamer RGB",
    ),
    "remote_control": (
        "Fernbedienung TV", "Samsung remote control", "Universal remote", "TV remote",
        "Télécommande universelle", "Mando a distancia universal", "Controle remoto universal",
    ),
    "smart_home": (
        "Google Nest Hello Wi-Fi Video Doorbell", "Smart plug", "WLAN-Steckdose",
        "Funk-Türklingel", "Sonnette vidéo sans fil", "Enchufe inteligente",
        "Tomada inteligente 16A", "Cámara de vigilancia exterior",
    ),
    "router": (
        "WiFi 6 router", "WLAN-Repeater", "Routeur WiFi 6", "Repetidor WiFi 1200",
        "Roteador Gigabit",
    ),
    "power_bank": (
        "Power bank 20000 mAh", "Solar Powerbank", "Batterie externe 10000 mAh",
        "Batería externa 20000", "Carregador portátil 10000 mAh",
    ),
    "cable": (
        "USB-C to Lightning cable 2 m", "Ladekabel 2 m", "USB-C-Kabel", "Câble de charge",
        "Cable de carga", "Cabo USB-C",
    ),
    "printer": (
        "Laser printer", "Tintenstrahldrucker", "Imprimante jet d'encre",
        "Impresora multifunción", "Impressora térmica",
    ),
    "game_console": (
        "Consola Retro Tipo Joypad Sobremesa Ultra", "Retro game console", "Xbox controller",
        "Spielekonsole", "Manette PS5 sans fil", "Mando PS4", "Console retrô",
        "PlayStation 5 Slim",
    ),
    "piano": (
        "KORG SV-2 73", "Digital piano 88 keys", "E-Piano", "Piano numérique", "Piano digital",
        "Teclado musical 61",
    ),
    "skateboard": (
        "Complete skateboard 31 inch", "Vintage fiberglass skate board", "Longboard 42",
        "Planche à roulettes", "Skateboard infantil de madera",
    ),
    "swimming_goggles": (
        "Swimming goggles", "Snorkel mask", "Schwimmbrille Damen", "Lunettes de natation",
        "Gafas de natación", "Óculos de natação", "Potapljaška maska z dioptrijo",
    ),
    "bed_frame_slats": (
        "Slatted bed base 140", "Lattenrostbausatz CALYPSO 140 cm", "Sommier à lattes 140x190",
        "Somier de láminas 135", "Estrado de cama casal",
    ),
    "mirror": (
        "Full-length mirror", "STORJORM Mirror cab 2 door", "Wandspiegel rund",
        "Miroir rond 60 cm", "Espejo de pared", "Espelho de corpo inteiro",
    ),
}  # fmt: skip
OF_NONE = (
    "iPhone 13 display", "Panzerglas iPhone 13", "iPhone 12 battery", "Signal booster",
    "Capa de telefone", "Dishwasher tablets 60 pieces", "Graphics tablet", "Tableta de chocolate",
    "iPad keyboard", "Laptop stand", "Laptop sleeve", "Laptop cooling pad",
    "PC case ATX", "Gaming PC monitor arm mount", "Keyboard stickers", "Piano black lacquer",
    "Computer mouse pad", "Mouse trap", "Tapis de souris", "Mausefalle",
    "Remote control car", "Ferngesteuertes Auto", "Deckenventilator Fernbedienung",
    "Carrinho de controle remoto", "Remote control holder", "Dummy security camera",
    "Doorbell transformer", "Router bits set", "Trim router 1250 W", "Ladekabel Typ 2 Wallbox",
    "Cable clips", "HDMI splitter", "Cable knit", "3D-Drucker", "3D printer", "Printer paper",
    "Drum Unit (unitate de imagine)", "Druckerpatronen", "Cartouche imprimante",
    "LED controller", "Controller charging dock", "Mario Kart Nintendo Switch", "PS5 games",
    "Grand piano", "Piano stand", "Piano lamp cover", "Skateboard wheels", "Skateboard bearings",
    "Finger skateboard", "Swimming goggles case", "Bett-Schoner", "Wing mirror",
    "Rear view mirror", "Mirror ball", "Mirrorless", "Schminktisch Spiegel", "Mirror clips",
    "Support pour téléphone portable", "Book of pianos", "Guide: the iPhone book",
)  # fmt: skip
# What had a kind keeps it though a device stands in its name.
STILL = {
    "Laptop backpack 15.6": "bag", "iPhone 13 case": "phone_case", "Handyhülle": "phone_case",
    "Charger for iPhone": "charger", "Coffee table": "table", "Gaming chair": "seat",
    "Computer monitor": "screen", "LED TV 43": "screen", "Bluetooth speaker": "speaker",
    "Smart speaker with remote control": "speaker", "Wristwatch": "watch", "Bed frame": "bed",
    "Wardrobe with mirror": "storage", "Spiegelschrank": "storage", "Action camera": "camera",
    "Table lamp with USB cable": "lamp", "Lamp with remote control": "lamp",
    "Altavoz portátil": "speaker", "Notebook bag": None, "Eau de toilette": "perfume",
}  # fmt: skip


def test_each_name_here_is_of_a_kind_that_exists():
    assert set(NAMES) <= set(KINDS)


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for kind, names in NAMES.items() for name in names]
)
def test_a_device_is_known_by_its_name_in_five_languages(name, kind):
    assert known_kind(name) == kind


@pytest.mark.parametrize("name", OF_NONE)
def test_what_belongs_to_a_device_is_of_no_kind(name):
    assert known_kind(name) is None


@pytest.mark.parametrize(("name", "kind"), STILL.items())
def test_what_stands_beside_a_device_keeps_its_kind(name, kind):
    assert known_kind(name) == kind
