"""Names of devices and of everyday things: of which kind they are, and which are of none."""

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
    "wallpaper_panel": (
        "Wood slat wall panel", "Panel tapicerowany 60 x 30 cm", "Vliestapete Palme",
        "Akustikpaneel Eiche", "Papier peint panoramique", "Papel pintado", "Papel de parede 3D",
    ),
    "toilet": (
        "Rimless wall hung toilet", "Zestaw podtynkowy WC SEREL GROHE", "Spülrandloses WC",
        "WC suspendu", "Inodoro blanco", "Vaso sanitário",
    ),
    "fabric": (
        "Montreux Fabrics Rain Blocks, Blue", "Cotton fabric per metre", "Jerseystoff Meterware",
        "Tissu coton au mètre", "Tela de algodón por metros", "Tecido tricoline por metro",
    ),
    "baby_carrier": (
        "BabyBjorn One", "Baby carrier", "Babytrage ab Geburt", "Porte-bébé", "Portabebés",
        "Canguru para bebê",
    ),
    "snack": (
        "Beef jerky 100 g", "招牌肉乾自由選(任選10包)", "Kartoffelchips Paprika", "Roasted almonds",
        "Noix de cajou", "Frutos secos 500 g", "Amendoim torrado",
    ),
    "guitar": (
        "Acoustic guitar", "Konzertgitarre 4/4", "Guitare électrique", "Guitarra clásica",
        "Violão nylon", "Soprano ukulele",
    ),
    "microphone": (
        "USB microphone", "Ansteckmikrofon", "Micro-cravate sans fil", "Micrófono de solapa",
        "Microfone de lapela",
    ),
    "tripod": ("Phone tripod", "Handy-Stativ", "Trépied photo", "Trípode 170 cm", "Tripé 1,60 m"),
    "ring_light": ("Ring light 10 inch", "Ringlicht 26 cm", "Anneau lumineux", "Aro de luz LED"),
    "drone": ("Drone with camera", "Kameradrohne 4K", "Drone avec caméra", "Dron plegable"),
    "bicycle": (
        "Mountain bike 29", "Kinderfahrrad 20 Zoll", "Vélo électrique", "Bicicleta de montaña",
        "Bicicleta aro 29", "E-Bike",
    ),
    "helmet": ("Bike helmet", "Fahrradhelm", "Casque de vélo", "Casco de bicicleta", "Capacete"),
    "scooter": ("Electric scooter", "E-Scooter", "Trottinette électrique", "Patinete eléctrico"),
    "ball": ("Soccer ball size 5", "Basketball", "Fußball Größe 5", "Ballon de football",
             "Balón de fútbol", "Bola de futebol"),
    "yoga_mat": ("Yoga mat", "Yogamatte", "Tapis de yoga", "Esterilla de yoga",
                 "Tapete de yoga", "Exercise mat"),
    "sleeping_bag": ("Sleeping bag", "Mumienschlafsack", "Sac de couchage", "Saco de dormir"),
    "fishing": ("Fishing rod and reel", "Angelrute", "Canne à pêche", "Caña de pescar",
                "Vara de pesca"),
    "clock": ("Wall clock", "Wanduhr", "Horloge murale", "Reloj de pared", "Relógio de parede",
              "Wecker"),
    "picture_frame": ("Photo frame A4", "Bilderrahmen", "Cadre photo", "Portafotos",
                      "Porta-retratos"),
    "wall_art": ("Canvas wall art", "Wandbild", "Affiche vintage", "Cuadro decorativo",
                 "Quadro decorativo", "Poster A3"),
    "shelf": ("Floating shelf", "Wandregal", "Étagère murale", "Estante de pared",
              "Prateleira de parede"),
    "paint": ("Wall paint 5 l", "Wandfarbe weiß", "Peinture murale", "Pintura plástica",
              "Tinta látex"),
    "door_handle": ("Door handle", "Türklinke", "Poignée de porte", "Manilla de puerta",
                    "Maçaneta"),
    "lock": ("Bike lock", "Fahrradschloss", "Cadenas à code", "Candado", "Cadeado", "Smart lock"),
    "faucet": ("Kitchen tap", "Küchenarmatur", "Mitigeur de cuisine", "Grifo de cocina",
               "Torneira gourmet", "Rain shower head", "Duschkopf"),
    "towel_rack": ("Towel rail", "Handtuchhalter", "Porte-serviettes", "Toallero", "Toalheiro"),
    "baby_bottle": ("Baby bottle 260 ml", "Babyflasche", "Biberon en verre", "Biberón",
                    "Mamadeira"),
    "car_seat": ("Child car seat", "Kindersitz Gruppe 2", "Siège auto pivotant",
                 "Silla de coche grupo 1", "Cadeirinha de carro"),
    "diaper": ("Disposable nappies", "Windeln Größe 4", "Couches bébé", "Pañales talla 3",
               "Fraldas descartáveis"),
    "wig": ("Lace front wig", "Perücke blond", "Perruque longue", "Peluca rubia", "Peruca lisa",
            "Halloween costume wig"),
    "razor": ("Electric shaver", "Herrenrasierer", "Rasoir de sûreté", "Afeitadora",
              "Barbeador elétrico", "Bartschneider"),
    "toothbrush": ("Electric toothbrush", "Schallzahnbürste", "Brosse à dents",
                   "Cepillo de dientes", "Escova de dentes"),
    "nail_lamp": ("UV LED nail lamp", "Nagellampe", "Lampe UV ongles", "Lámpara UV uñas",
                  "Cabine de unhas"),
    "massage": ("Massage gun", "Massagepistole", "Pistolet de massage", "Pistola de masaje",
                "Pistola de massagem"),
    "soap": ("Hand soap", "Duschgel Zitrone", "Savon de Marseille", "Gel de ducha", "Sabonete"),
    "deodorant": ("Deodorant stick", "Deo-Roller", "Déodorant bille", "Desodorante roll-on"),
    "tea": ("Green tea", "Kräutertee", "Thé vert", "Té verde", "Chá de camomila"),
    "coffee": ("Coffee beans 1 kg", "Kaffeebohnen", "Café en grains", "Café molido",
               "Café em grãos"),
    "sweets": ("Gummy bears", "Fruchtgummi", "Bonbons acidulés", "Gominolas", "Balas de goma"),
    "spices": ("Ankerkraut Texas Chicken, BBQ-Rub Gewürzmischung", "Épices barbecue",
               "Mezcla de especias", "Tempero completo", "Spice mix"),
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
    "Jogos PS4", "Tonere imprimante laser", "KORG SV1 73 Softcase", "Laptop briefcase, grey",
    "Office software, PC, tablets and smartphones, 1 year subscription",
    "Panier de transport et siège auto pour petits animaux",
    "Wallpaper paste", "Tapetenkleister", "Toilet seat", "Toilet brush", "WC-Sitz", "WC-Bürste",
    "Papier toilette", "Fabric softener", "Fabric shaver", "Trousse de toilette",
    "Baby carrier cover", "Crisps bowl", "Popcorn machine", "Nut cracker",
    "Guitar strings", "Guitar picks", "Guitar stand", "Gitarrengurt", "Microphone stand",
    "Viking 4v1 Lightning/micro USB/USB-A 3.0/USB-C", "Tripod head", "Ring light stand",
    "Drone propellers", "Drohnenakku", "Drone battery", "Bike rack", "Bike pump", "Bike light",
    "Fahrradkorb", "Helmet camera mount", "Motor scooter", "Mobility scooter",
    "Scooter wheels", "Tennis ball machine", "Ball gown", "Yoga mat strap", "Sleeping bag liner",
    "Fishing rod holder", "Fishing line", "Clock movement", "Radio clock battery",
    "Picture hooks", "Poster frame wire", "Shelf bracket", "Paint brush", "Farbroller",
    "Door handle cover", "Door stopper", "Key ring", "Tap connector", "Shower hose",
    "Duschkopf-Halter", "Towel rail bracket", "Baby bottle brush", "Car seat cover",
    "Dog car seat", "Booster seat for dogs", "Car seat for dogs", "Siège auto pour chien",
    "Nappy bin", "Windeleimer", "Wig cap", "Wig stand", "Razor blades", "Rasierklingen",
    "Razor wire", "Toothbrush holder", "Zahnbürstenhalter", "Toothbrush heads",
    "Massage gun attachments", "Massage oil", "Soap dish", "Soap dispenser", "Seifenschale",
    "Shoe deodorant", "Tea pot", "Tea towel rack hook", "Boîte à thé", "Juego de té",
    "Coffee bean grinder", "Vitamin gummies", "Lollipop sticks", "Gewürzregal", "Spice rack",
    "Gewürzmühle", "The history of tea: a book",
)  # fmt: skip
# Words of the newer kinds stand near or in these.
STILL = {
    "Laptop backpack 15.6": "bag", "iPhone 13 case": "phone_case", "Handyhülle": "phone_case",
    "Charger for iPhone": "charger", "Coffee table": "table", "Gaming chair": "seat",
    "Computer monitor": "screen", "LED TV 43": "screen", "Bluetooth speaker": "speaker",
    "Smart speaker with remote control": "speaker", "Wristwatch": "watch", "Bed frame": "bed",
    "Wardrobe with mirror": "storage", "Spiegelschrank": "mirror", "Action camera": "camera",
    "Table lamp with USB cable": "lamp", "Lamp with remote control": "lamp",
    "Cleanser & toner": "skin", "Lit coffre, matelas et sommier": "bed",
    "Matelas mousse et sommier électrique": "bed", "Boxspringbett inkl. Lattenrost": "bed",
    "Kinderwagen inkl. Babyschale": "stroller", "Stroller and infant car seat": "stroller",
    "Shampoo & shower gel": "hair", "Toy guitar": "toy", "Gaming headset microphone": "headphones",
    "Mirror cabinet, 40x15x75 cm": "mirror", "Kleiderschrank Spiegel": "storage",
    "Face paint": "makeup", "Hair dryer": "hair", "Tea cup": "mug", "Coffee mug": "mug",
    "Exercise bike": "fitness", "Basketball shoes": "shoes", "Bike shorts": "clothes",
    "Toothbrush set": "toothbrush", "Football shirt": "clothes", "Bath towel": "towel",
    "Bookshelf": "storage", "Mountain bike jersey for men": "clothes", "Milk chocolate": "food",
    "Water bottle": "bottle", "Garden hedge trimmer": "tool", "Sofa in linen fabric": "seat",
    "Dish soap": "cleaning", "Cat bed": "pet", "Doll with wig": "toy", "Rain jacket": "clothes",
    "Suitcase with TSA lock": "bag", "Nachttischlampe": "lamp", "Armbanduhr": "watch",
    "Altavoz portátil": "speaker", "Notebook bag": None, "Eau de toilette": "perfume",
}  # fmt: skip


def test_each_name_here_is_of_a_kind_that_exists():
    assert set(NAMES) <= set(KINDS)


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for kind, names in NAMES.items() for name in names]
)
def test_a_thing_is_known_by_its_name_in_several_languages(name, kind):
    assert known_kind(name) == kind


@pytest.mark.parametrize("name", OF_NONE)
def test_what_belongs_to_a_thing_is_of_no_kind(name):
    assert known_kind(name) is None


@pytest.mark.parametrize(("name", "kind"), STILL.items())
def test_what_had_a_kind_keeps_it(name, kind):
    assert known_kind(name) == kind
