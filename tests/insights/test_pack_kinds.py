"""A product without reviews still gets one thing to film: what a camera settles in one take.

The test follows from what its name says it is, and uses what its page states. A name that leaves
any doubt gets none.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.insights.samples import (
    KEY,
    NOW,
    make_collection,
    make_comments,
    make_posts,
    make_video,
    varied,
)
from tests.insights.test_pack import FACTS, QUESTIONS, _of_page, _pack, _profile_pack
from tests.insights.test_pack_words import _ENGLISH, _SAME_ELSEWHERE
from workers.insights.analysis import analyse
from workers.insights.inputs import Comment, Spec
from workers.insights.pack.kinds import known_kind
from workers.insights.pack.words import LOCALES, words_in
from workers.insights.vocabulary import read_resource

KINDS = [
    kind for kind, words in read_resource("kind_tests.toml").items() if isinstance(words, list)
]
MOST_WORDS = 10
# A name of each kind, so that every text is said once.
NAMES = {
    "puzzle": "Jigsaw puzzle", "board_game": "Board game", "book": "Paperback",
    "pen": "Fountain pen", "notebook": "Dotted notebook", "art_supplies": "Acrylic paint set",
    "napkins": "Paper napkins", "plates": "Dinner plates", "cutlery": "Cutlery set",
    "lunch_box": "Lunch box", "coffee_maker": "Coffee machine", "kettle": "Electric kettle",
    "blender": "Hand blender", "air_fryer": "Air fryer", "toaster": "Toaster",
    "knife_sharpener": "Knife sharpener", "cutting_board": "Cutting board",
    "baking_form": "Cake tin", "thermometer": "Meat thermometer", "scale": "Kitchen scale",
    "candle": "Scented candle", "room_scent": "Reed diffuser", "plant_pot": "Plant pot",
    "plant": "House plant", "garden_hose": "Garden hose", "garden_tool": "Garden fork",
    "pressure_washer": "Pressure washer", "grill": "Gas grill", "bird_feeder": "Bird feeder",
    "umbrella": "Umbrella", "sunglasses": "Sunglasses", "hat": "Sun hat", "gloves": "Gloves",
    "scarf": "Wool scarf", "belt": "Leather belt", "wallet": "Wallet", "tie": "Silk tie",
    "bottle": "Steel water bottle", "mug": "Coffee mug", "lamp": "Table lamp", "skin": "Face cream",
    "makeup": "Lipstick", "hair": "Hair oil", "clothes": "Rain jacket", "socks": "Wool socks",
    "shoes": "Running shoes", "bag": "Backpack", "jewellery": "Silver necklace",
    "watch": "Wristwatch", "headphones": "Headphones", "speaker": "Bluetooth speaker",
    "phone_case": "Phone case", "charger": "Phone charger",
    "screen": "Television", "camera": "Action camera",
    "appliance": "Rice cooker", "pan": "Frying pan", "knife": "Chef's knife",
    "cleaning": "Stain remover", "vacuum": "Robot vacuum", "toy": "Wooden toy",
    "pet": "Dog bed", "fitness": "Dumbbells", "food": "Olive oil", "bed": "Mattress",
    "pillow": "Neck pillow", "sheets": "Fitted sheet",
    "blanket": "Wool blanket", "towel": "Beach towel",
    "storage": "Bookcase", "seat": "Office chair", "table": "Oak dining table", "rug": "Rug",
    "curtain": "Blackout curtain", "tool": "Hammer drill", "perfume": "Eau de parfum",
    "stroller": "Stroller", "tent": "Camping tent", "radio": "Walkie talkie",
    "phone": "Mobile phone", "tablet": "Android tablet", "laptop": "Laptop",
    "desktop_computer": "Desktop computer", "keyboard": "Mechanical keyboard",
    "mouse": "Gaming mouse", "remote_control": "Universal remote",
    "smart_home": "Video doorbell", "router": "Mesh router", "power_bank": "Power bank",
    "cable": "Charging cable", "printer": "Laser printer", "game_console": "Game console",
    "piano": "Digital piano", "skateboard": "Skateboard",
    "swimming_goggles": "Swimming goggles", "bed_frame_slats": "Slatted bed base",
    "mirror": "Wall mirror", "wallpaper_panel": "Wall panel", "toilet": "Toilet bowl",
    "fabric": "Patchwork fabric", "baby_carrier": "Baby carrier", "snack": "Beef jerky",
    "guitar": "Acoustic guitar", "microphone": "USB microphone", "tripod": "Phone tripod",
    "ring_light": "Ring light", "drone": "Mini drone", "bicycle": "City bike",
    "helmet": "Bike helmet", "scooter": "Kick scooter", "ball": "Soccer ball",
    "yoga_mat": "Yoga mat", "sleeping_bag": "Sleeping bag", "fishing": "Fishing rod",
    "clock": "Wall clock", "picture_frame": "Photo frame", "wall_art": "Wall art",
    "shelf": "Floating shelf", "paint": "Wall paint", "door_handle": "Door handle",
    "lock": "Padlock", "faucet": "Kitchen tap", "towel_rack": "Towel rail",
    "baby_bottle": "Baby bottle", "car_seat": "Child car seat", "diaper": "Nappies",
    "wig": "Curly wig", "razor": "Electric shaver", "toothbrush": "Toothbrush",
    "nail_lamp": "Nail lamp", "massage": "Massage gun", "soap": "Hand soap",
    "deodorant": "Deodorant", "tea": "Black tea", "coffee": "Coffee beans",
    "sweets": "Gummy bears", "spices": "Spice mix",
}  # fmt: skip

# Names of things of the house, by their kind.
OF_A_KIND = {
    "puzzle": (
        "Ridley's Gin Lover Jigsaw Puzzle, 500 pieces", "Puzzle 1000 Teile Bergsee",
        "Puzzle 1000 pièces", "Rompecabezas 500 piezas", "Quebra-cabeça 500 peças",
    ),
    "board_game": (
        "Co-op board game", "Brettspiel für 4 Personen", "Kartenspiel Familie",
        "Jeu de société", "Juego de mesa familiar", "Jogo de tabuleiro", "Gioco da tavolo",
    ),
    "book": (
        "The Long Night (Paperback)", "Kochbuch für Anfänger", "Livre de poche",
        "Libro infantil", "Livro de receitas",
    ),
    "pen": (
        "Gel pens, 24 colours", "Coloured pencils", "Kugelschreiber blau", "Buntstifte 24er",
        "Stylo plume noir", "Crayons de couleur", "Bolígrafo azul", "Caneta esferográfica",
    ),
    "notebook": (
        "Hardcover notebook dotted", "Notizbuch liniert", "Carnet de notes", "Cuaderno A4",
        "Caderno universitário",
    ),
    "art_supplies": (
        "Watercolour paint set", "Stretched canvas 40 x 50", "Malen nach Zahlen Katze",
        "Peinture acrylique 12 couleurs", "Acuarelas 24 colores",
    ),
    "napkins": (
        "Servietten BUNTE EIER", "Paper towels", "Serviettes en papier", "Servilletas de papel",
        "Guardanapos de papel", "Papel-toalha",
    ),
    "plates": (
        "Ceramic dinner plates", "Salad bowl", "Teller Set 6er", "Assiettes plates",
        "Platos llanos", "Pratos rasos",
    ),
    "cutlery": (
        "Cutlery set 24 pieces", "Besteckset 24-teilig", "Couverts inox", "Cubertería 24 piezas",
        "Faqueiro 24 peças",
    ),
    "lunch_box": (
        "Bento box", "Brotdose Kinder", "Boîte à lunch", "Fiambrera de cristal", "Pote hermético",
    ),
    "coffee_maker": (
        "Filter coffee machine", "Kaffeevollautomat", "Machine à café à grains",
        "Cafetera de cápsulas", "Cafeteira elétrica", "Macchina da caffè",
    ),
    "kettle": (
        "Gooseneck kettle", "Wasserkocher 1,7 l", "Bouilloire inox", "Hervidor de agua",
        "Chaleira elétrica",
    ),
    "blender": (
        "Smoothie blender", "Stabmixer 800 W", "Mixeur plongeant", "Batidora de vaso",
        "Liquidificador 900 W",
    ),
    "air_fryer": (
        "Air fryer 5 L", "Friteuse sans huile", "Freidora sin aceite", "Fritadeira sem óleo",
    ),
    "toaster": (
        "Toaster 2 slices", "Grille-pain 2 fentes", "Tostadora de pan", "Torradeira inox",
    ),
    "knife_sharpener": (
        "Whetstone 1000/6000", "Messerschärfer", "Aiguiseur de couteaux",
        "Afilador de cuchillos", "Afiador de facas",
    ),
    "cutting_board": (
        "Bamboo chopping board", "Schneidebrett Eiche", "Planche à découper bois",
        "Tabla de cortar", "Tábua de corte",
    ),
    "baking_form": (
        "Springform pan 26 cm", "Gugelhupfform", "Moule à gâteau", "Molde para bizcocho",
        "Forma de bolo",
    ),
    "thermometer": (
        "Grill thermometer", "Fleischthermometer digital", "Thermomètre de cuisine",
        "Termómetro para carne", "Termômetro culinário",
    ),
    "scale": (
        "Bathroom scale", "Küchenwaage digital", "Pèse-personne", "Báscula de baño",
        "Balança de cozinha",
    ),
    "candle": (
        "Soy candle vanilla", "Duftkerze Zimt", "Kerzen 4er", "Bougie parfumée",
        "Vela aromática", "Velas de cumpleaños",
    ),
    "room_scent": (
        "Reed diffuser fig", "Incense sticks", "Räucherstäbchen", "Raumduft Lavendel",
        "Diffuseur de parfum", "Varillas de incienso", "Difusor de aromas",
        "Aromatizador de ambientes",
    ),
    "plant_pot": (
        "Terracotta plant pot 20 cm", "Blumentopf Keramik", "Pot de fleurs", "Maceta de barro",
        "Vaso de planta",
    ),
    "plant": (
        "Indoor plant in a 12 cm pot", "Tomato seeds", "Zimmerpflanze Efeu", "Tomatensamen",
        "Plante verte", "Graines de tomates", "Planta de interior", "Sementes de flores",
    ),
    "garden_hose": (
        "Expandable garden hose 15 m", "Gartenschlauch 20 m", "Tuyau d'arrosage",
        "Manguera de jardín", "Mangueira de jardim",
    ),
    "garden_tool": (
        "Pruning shears", "Gartenschere", "Spaten Edelstahl", "Sécateur", "Tijeras de podar",
        "Tesoura de poda",
    ),
    "pressure_washer": (
        "KÄRCHER Hochdruckreiniger »K 3 Full Control«", "Electric pressure washer 140 bar",
        "Nettoyeur haute pression", "Hidrolimpiadora", "Lavadora de alta pressão",
    ),
    "grill": (
        "Gas grill 3 burners", "Kettle barbecue", "Holzkohlegrill", "Barbecue à gaz",
        "Barbacoa de carbón",
        "Churrasqueira elétrica",
    ),
    "bird_feeder": (
        "Mini Squirrel-proof Bird Feeder w/4 Metal Perches, 0.98-pound Seed Capacity",
        "Vogelfutterhaus", "Mangeoire à oiseaux", "Comedero para pájaros",
        "Comedouro para pássaros",
    ),
    "umbrella": (
        "Folding umbrella black", "Regenschirm", "Parapluie pliant", "Paraguas plegable",
        "Guarda-chuva automático",
    ),
    "sunglasses": (
        "Polarised sunglasses", "Sonnenbrille Damen", "Lunettes de soleil", "Gafas de sol",
        "Óculos de sol",
    ),
    "hat": (
        "Baseball cap navy", "Wool beanie", "Strickmütze", "Strohhut", "Casquette homme",
        "Bonnet en laine", "Gorro de lana", "Boné preto", "Chapéu de palha",
    ),
    "gloves": (
        "Touchscreen gloves", "Arbeitshandschuhe", "Handschuhe Leder", "Gants en cuir",
        "Guantes de trabajo", "Luvas de inverno",
    ),
    "scarf": (
        "Cashmere scarf", "Schal Wolle", "Écharpe en laine", "Bufanda gris", "Pañuelo de seda",
        "Cachecol de lã",
    ),
    "belt": (
        "Men's leather belt", "Ledergürtel braun", "Ceinture en cuir", "Cinturón de piel",
        "Cinto de couro",
    ),
    "wallet": (
        "Slim wallet RFID", "Geldbeutel Leder", "Portefeuille homme", "Billetera de cuero",
        "Carteira masculina",
    ),
    "tie": (
        "Striped silk tie", "Krawatte blau", "Cravate en soie", "Corbata de seda", "Gravata slim",
    ),
    "mug": (
        "Whisky glasses", "Weingläser 6er", "Verres à whisky", "Copas de champán", "Copo térmico",
    ),
    "knife": ("Messer-Set",),
    "clothes": ("Jardineira jeans",),
    "pet": ("Dog puzzle toy",),
    "laptop": ("Notebook computer",),
    "snack": ("Kettle chips",),
    "wall_art": ("Power plant poster",),
    "baby_carrier": ("Écharpe de portage",),
    "stroller": ("Umbrella stroller",),
    "shoes": ("Wanderschuhe",),
    "tool": ("Belt sander",),
    "phone_case": ("Wallet phone case",),
    "towel": ("Serviette de bain",),
    "makeup": ("Face paint",),
}  # fmt: skip
# Parts, accessories, and what only shares a word.
BESIDE_A_KIND = (
    "Puzzle mat", "Puzzle-Matte", "Puzzle book for adults", "Cadre pour puzzle",
    "Board game shelf", "Card game sleeves", "Juego de mesa y sillas", "Trading card game booster",
    "Book light", "Air fryer guide (Paperback)", "Book stand",
    "Pencil sharpener", "Taille-crayon", "Porta-canetas", "Pen holder", "Trousse pour stylos",
    "HP Notebook 15", "Notebook cover A5", "Protège-cahier", "Capa de caderno",
    "Makeup brush set", "Watercolor print", "Brush cleaner",
    "Paper towel holder", "Napkin rings", "Cotton napkins", "Tissue box cover", "Serviettenhalter",
    "Plate rack", "License plate holder", "Plato de ducha", "Bol tibétain",
    "Disposable dinner plates",
    "Cutlery tray", "Besteck-Einsatz", "Range-couverts", "Organizador de cubiertos",
    "Coffee machine descaler", "Toy coffee machine", "Entkalker Kaffeemaschine",
    "Tinta acrílica", "Kettlebell rack", "Beauty blender", "Blender jug",
    "Air fryer liners", "Air fryer cookbook stand", "Toaster bags", "Pencil sharpener electric",
    "Cutting board stand", "Sharpening service voucher", "Baking paper", "Baking tray liner",
    "Fieberthermometer", "Forehead thermometer", "Scale model 1:18", "Wasserwaage",
    "Candle holder", "LED candles", "LED-Kerzen", "Flameless pillar candles", "Zündkerze",
    "Bougie d'allumage", "Porte-bougie", "Porta-velas", "Candle making kit",
    "Diffuser attachment for a hair dryer", "Incense holder", "Quemador de incienso",
    "Car air freshener", "Plant stand", "Plant-based protein", "Plant pot saucer",
    "Artificial house plant", "Plante verte artificielle", "Kunstpflanze", "Plant food",
    "Chia seeds", "Garden hose nozzle", "Vacuum hose", "Hose connector",
    "Gartenschlauch-Halter", "Schlauchtrommel", "Garden tool rack", "Gartenscheren-Etui",
    "Pressure washer hose", "Hochdruckreiniger Schlauch", "Lance de nettoyeur haute pression",
    "Grill brush", "Grill cover", "Gas grill lighter", "Gasgrill Abdeckhaube", "Grillzange",
    "Brosse pour barbecue", "Tongs for a gas grill", "Speaker grill",
    "Bird feeder pole", "Vogelfutter 5 kg", "Bird house",
    "Umbrella stand", "Dog umbrella", "Air fryer pan", "Servietten Ring",
    "Kitchen thermometer probe", "Patio umbrella", "Base de parasol", "Schirmständer",
    "Sunglasses case", "Brillenetui", "Étui à lunettes de soleil", "Estuche gafas de sol",
    "Hat rack", "Hat box", "Bottle cap", "Hub caps", "Hard hat", "Beanie Babies bear",
    "Bonnet de bain", "Chapeau chinois", "Guarda-sol",
    "Glove box", "Boxing gloves", "Ofenhandschuhe", "Gant de toilette", "Guante de horno",
    "Scarf hanger", "Seat belt", "Gürteltasche",
    "Gürtelschnalle", "Ceinture de sécurité", "Cinturón de seguridad", "Cinto de segurança",
    "Ceinture lombaire", "Hardware wallet", "Carteira escolar",
    "Cable ties", "Tie rack", "Tie-dye kit", "Krawattennadel", "Krawatten-Klammer",
    "Alfiler de corbata", "Pince à cravate",
    "Lunch bag", "Food container lids", "Wine glass charms",
)  # fmt: skip


def test_every_kind_has_a_name_here():
    assert list(NAMES) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_product_of_a_known_kind_has_one_video_to_make(kind):
    pack = _of_page(NAMES[kind], price=Decimal("15.99"), currency="EUR")
    name = words_in("en").say(f"kind_tests.{kind}.name")
    assert name in pack["headline"]
    [finding, *_] = pack["findings"]
    shots = [beat["shot"] for beat in pack["script_templates"][0]["beats"]]
    assert finding["do"] in shots
    evidence = {item["id"]: item for item in pack["evidence"]}
    assert [evidence[cited]["kind"] for cited in finding["evidence_ids"]] == ["product_fact"]
    assert "too little" not in json.dumps([pack["headline"], pack["summary"]])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_test_can_be_said_and_shown_in_every_language(kind, locale):
    pack = _of_page(NAMES[kind], locale, price=Decimal("15.99"), currency="EUR")
    [script, *_] = pack["script_templates"]
    hook, demo, payoff, cta = script["beats"]
    assert len(re.findall(r"\w[\w.,'-]*", hook["text"])) <= MOST_WORDS, hook["text"]
    assert all([hook["shot"], hook["on_screen"], demo["shot"], demo["on_screen"]])
    assert "15" in payoff["text"]
    assert script["duration_s"] <= 30
    said = " ".join(beat["text"] + " " + beat["shot"] for beat in (hook, demo, payoff, cta))
    if locale != "en":
        allowed = _SAME_ELSEWHERE.get(locale, set())
        assert [each for each in _ENGLISH.findall(said) if each.lower() not in allowed] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Trinkflasche aus Edelstahl 600 ml", "bottle"),
        ("Gourde isotherme inox", "bottle"),
        ("Garrafa térmica 1 L", "bottle"),
        ("Botella de agua", "bottle"),
        ("Stehleuchte Nora", "lamp"),
        ("Lámpara de mesa", "lamp"),
        ("Luminária de chão", "lamp"),
        ("Crème hydratante visage", "skin"),
        ("Protetor solar FPS 50", "skin"),
        ("Tagescreme Rosa", "skin"),
        ("Barra de labios mate", "makeup"),
        ("Regenjacke Damen", "clothes"),
        ("Camiseta de algodão", "clothes"),
        ("Robe longue et chemisier", "clothes"),
        ("Zapatillas de correr", "shoes"),
        ("Wanderschuhe", "shoes"),
        ("Mochila escolar 20 L", "bag"),
        ("Sac à dos de randonnée", "bag"),
        ("Boucles d'oreilles dorées", "jewellery"),
        ("Fone de ouvido Bluetooth", "headphones"),
        ("Kopfhörer mit Mikrofon", "headphones"),
        ("Coque iPhone", "phone_case"),
        ("Handyhülle für Galaxy", "phone_case"),
        ("Freidora de aire 5 L", "air_fryer"),
        ("Heißluftfritteuse XL", "air_fryer"),
        ("Poêle à frire", "pan"),
        ("Kochmesser 20 cm", "knife"),
        ("Brinquedo de madeira", "toy"),
        ("Jouet pour chien", "pet"),
        ("Kratzbaum für Katzen", "pet"),
        ("Tapis de yoga", "yoga_mat"),
        ("Gewürzmischung Grill", "spices"),
        ("Bettwäsche 135 x 200", "sheets"),
        ("Toalha de banho", "towel"),
        ("Bücherregal Eiche", "storage"),
        ("Sofá cama gris", "seat"),
        ("Couchtisch", "table"),
        ("Akkuschrauber", "tool"),
        ("Bed sheets", "sheets"),
        ("Coffee table", "table"),
        ("Table lamp", "lamp"),
        ("Lamp for dogs and cats", "lamp"),
        ("Set de cuchillos de cocina", "knife"),
        ("Pair of socks", "socks"),
        ("Conjunto com 2 banquetas", "seat"),
        ("Leather bag", "bag"),
        ("Zombie scars tattoos and costume make-up kit", "makeup"),
        ("Hips thigh pads, sponge pads", "clothes"),
        ("Walkie talkie, toy for children", "radio"),
    ],
)
def test_a_kind_is_known_by_words_of_five_languages(name, kind):
    assert known_kind(name) == kind


@pytest.mark.parametrize(("kind", "names"), OF_A_KIND.items())
def test_a_thing_of_the_house_is_known_in_its_languages(kind, names):
    assert {name: known_kind(name) for name in names} == dict.fromkeys(names, kind)


@pytest.mark.parametrize("name", BESIDE_A_KIND)
def test_what_belongs_to_a_thing_of_the_house_is_of_no_kind(name):
    assert known_kind(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "Marlow", "Repair kit", "Lamp shade", "Bottle opener", "Phone holder", "Camera bag",
        "The Coffee Table Book", "Chair cushion", "Shoe rack", "Dog collar and cat toy book",
        "Garden hose reel", "Table tennis paddle", "Chivas Regal 12", "Mel Gibson DVD",
        "Wine cooler",
        "Raised garden bed", "Watch strap", "Guarantee extension", "Committee",
        "Ersatzakku für Staubsauger", "Housse de chaise", "Funda de sofá", "Embedded controller",
        "Protetor de colchão", "Bolsa de maquillaje",
        "Chocolate brown ottoman", "Tapis de souris", "Gift baskets",
        "Drawer pulls", "Baby bottle warmer",
        "Brassière de sport post-opératoire", "Sutiã pós-cirúrgico", "BH nach Brust-OP",
        "Sujetador posquirúrgico", "Post mastectomy bra", "Orthopädische Schuhe",
        "Compression socks for pregnancy", "Diabetic socks",
        "Shoe polish", "Curtain rod", "Mattress topper", "Knife roll", "",
    ],
)  # fmt: skip
def test_a_name_that_leaves_doubt_is_of_no_kind(name):
    assert known_kind(name) is None
    pack = _of_page(name or "x", price=Decimal("1.99"), currency="GBP")
    assert "kind_tests" not in json.dumps(pack)
    assert "one take" not in json.dumps([pack["headline"], pack["findings"]])


@pytest.mark.parametrize("locale", LOCALES)
def test_a_test_uses_the_number_that_the_page_states(locale):
    said = {
        name: json.dumps(_of_page(name, locale, sizes=("600 ml",))["script_templates"])
        for name in ("Water bottle", "Coffee mug", "Backpack")
    }
    assert all("600 ml" in text for text in said.values())
    assert "600" not in json.dumps(_of_page("Water bottle", locale)["script_templates"])


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_of_a_test_promises_an_effect(locale):
    for kind in ("skin", "makeup", "hair"):
        pack = _of_page(NAMES[kind], locale)
        assert words_in(locale).say("donts.effect") in pack["donts"]
    assert words_in(locale).say("donts.effect") not in _of_page(NAMES["pan"], locale)["donts"]


def test_nothing_sold_out_and_no_auction_is_tested():
    for facts in ({"availability": "OutOfStock"}, {"is_auction": True}):
        pack = _of_page("Table lamp", price=Decimal(9), currency="EUR", **facts)
        assert "page test" not in json.dumps([pack["headline"], pack["findings"]])


def test_what_many_reviews_say_comes_before_the_test_and_what_few_say_behind_it():
    def order(times):
        reviews = make_comments(
            *varied("the lamp is well made, great quality", times),
            *varied("I got it for my sister", 6),
            kind="review",
            rating=5.0,
        )
        page = make_collection(comments=reviews, product=FACTS, subject_is_product=True)
        pack = analyse(page, product_name="Lamp", now=NOW, ref_key=KEY).pack.configuration
        return [angle["theme"] for angle in pack["angles"]]

    assert "test:lamp" in order(9)
    assert order(9)[0] == "praise:quality"


def test_a_price_alone_is_no_video_and_no_film_idea():
    pack = _of_page("Marlow", price=Decimal("1.99"), currency="GBP")
    assert pack["headline"].startswith("Marlow: no video yet")
    assert pack["findings"] == []
    assert pack["script_templates"] == []
    assert "film_fact" not in {step["kind"] for step in pack["next_steps"]}


def test_a_price_opens_and_is_not_filmed_where_a_test_is():
    pack = _of_page("Table lamp", price=Decimal("49.00"), currency="EUR")
    assert [hook["text"] for hook in pack["hooks"] if "49" in hook["text"]]
    assert [angle["theme"] for angle in pack["angles"]] == ["test:lamp"]


# One decision.


@pytest.mark.parametrize("locale", LOCALES)
def test_a_video_below_its_usual_is_called_so_before_what_comes_next(locale):
    posts = make_posts("ana", [1000] * 12)
    video = (*posts, make_video("ana", role="subject", views=100))
    collection = make_collection(videos=video, comments=make_comments(*QUESTIONS))
    pack = analyse(
        collection, product_name="my video", now=NOW, ref_key=KEY, locale=locale
    ).pack.configuration
    said = words_in(locale).say("decisions.below", said="|").split("|")[0]
    assert pack["headline"].startswith("my video")
    assert said in pack["headline"]


def test_a_profile_says_which_video_comes_next():
    assert _profile_pack(20)["headline"].startswith("Bottle: film part two of your post of ")


# Lines that say nothing.


def test_watch_time_is_no_caveat_for_the_one_who_has_it():
    assert "watch time" not in json.dumps(_profile_pack(20)["caveats"])


def test_stars_of_reviews_stand_instead_of_shares_of_labels():
    reviews = tuple(
        Comment(ref=f"r{n}", text=text, author_ref=f"a{n}", kind="review", rating=4.0)
        for n, text in enumerate(varied("I love it", 12))
    )
    pack = _pack(comments=reviews, subject_is_product=True)
    assert "12 reviews give 4.0 of 5 stars" in pack["summary"]
    assert "are positive" not in pack["summary"]


def test_nobody_waits_for_reviews_that_cannot_be_read():
    reviews = make_comments(*varied("I love it", 8), kind="review", rating=5.0)
    pack = _pack(comments=reviews, subject_is_product=True, product=FACTS)
    [step] = [step["text"] for step in pack["next_steps"] if step["kind"] == "more_comments"]
    assert "Wait for" not in step
    assert "of the 312 reviews that the page counts, 8 can be read" in step


def test_what_chance_explains_is_not_listed():
    usual = make_posts("ana", [1000] * 14, role="creator")
    best = make_posts("ana", [9000] * 3, role="creator")
    pack = _pack(source_kind="tiktok_profile", videos=(*usual, *best))
    assert len(pack["compared"]) == 1
    assert "Within chance" not in json.dumps(pack["compared"])


@pytest.mark.parametrize("locale", LOCALES)
def test_a_script_has_a_length_that_a_post_which_stood_out_has(locale):
    pack = _profile_pack(46, 43, 12, 10)
    assert {script["duration_s"] for script in pack["script_templates"]} <= {46, 43, 12, 10}


def test_what_the_first_video_says_is_not_said_twice():
    pack = _profile_pack(20)
    assert "times the usual views" not in pack["summary"]
    assert "times your usual views" in pack["findings"][0]["text"]


def test_a_pack_with_a_script_leaves_nobody_comments_to_read():
    asked = _pack(comments=make_comments(*QUESTIONS, *varied("the lid leaks, terrible", 9)))
    assert asked["script_templates"]
    assert "read_comments" not in {step["kind"] for step in asked["next_steps"]}


def test_a_creator_whose_hashtag_goes_with_views_is_told_so_first():
    posts = make_posts("ana", [3000, 1000] * 8, role="creator")
    posts = [replace(p, hashtags=("puppy",) if p.views == 3000 else ()) for p in posts]
    pack = _pack(source_kind="tiktok_profile", videos=tuple(posts))
    assert pack["headline"].startswith("Bottle: plan one more with #puppy: those get 3.0 times")


def test_a_short_warranty_is_enough_for_a_script():
    pack = _of_page(
        "Marlow", price=Decimal(9), currency="EUR", specs=(Spec("warranty", "3", "month"),)
    )
    assert "3 months of warranty" in pack["headline"]
    assert pack["script_templates"]


def test_protection_from_water_is_shown_and_a_usual_warranty_is_not():
    specs = (Spec("warranty", "2", "year"), Spec("water", "10", "ATM"))
    pack = _of_page("Wristwatch", price=Decimal(259), currency="EUR", specs=specs)
    assert "water run over it" in json.dumps(pack["script_templates"])
    assert "warranty" not in json.dumps([pack["next_steps"], pack["script_templates"]])


def test_nothing_is_to_be_filmed_of_what_is_sold_out():
    pack = _of_page(
        "Sofa bed", price=Decimal(515), currency="GBP", availability="OutOfStock",
        sizes=("113 × 93 × 84 cm",),
    )  # fmt: skip
    assert pack["findings"] == []
    assert "too little" not in pack["summary"]


def test_a_creator_with_a_script_is_sent_to_no_comments():
    steps = _profile_pack(20)["next_steps"]
    assert not [step for step in steps if step["kind"] == "read_comments"]
