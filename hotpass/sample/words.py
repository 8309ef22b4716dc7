"""Words that names of South African organisations and people are made of."""

from __future__ import annotations

HEADS = tuple(
    """
Karoo|Protea|Baobab|Marula|Springbok|Blue Crane|Fish Eagle|Kudu|Impala|Eland|Nyala|Oryx|Gemsbok
Ubuntu|Masakhane|Siyabonga|Sizanani|Thuthuka|Vukani|Khanyisa|Themba|Thandeka|Sinethemba|Nomvula
Lesedi|Tshepo|Kgosi|Naledi|Pula|Boitumelo|Kopano|Bophelo|Thabo|Lerato|Tiisetso|Mpumelelo|Zamani
Umhlanga|Amatola|Drakensberg|Magaliesberg|Cederberg|Langeberg|Outeniqua|Tsitsikamma|Swartberg
Waterberg|Soutpansberg|Lebombo|Maluti|Overberg|Boland|Swartland|Namaqua|Kalahari|Highveld|Lowveld
Bushveld|Garden Route|West Coast|Sunshine Coast|Hibiscus|Dolphin Coast|Midlands|Zululand|Griqualand
Bergrivier|Breede|Olifants|Limpopo River|Vaal|Orange River|Tugela|Umgeni|Kei|Gamtoos|Sundays River
Van der Merwe|Botha|Nkosi|Dlamini|Naidoo|Pillay|Mokoena|Khumalo|Van Wyk|Du Toit|Le Roux|Fouché
Jacobs|Adams|Petersen|Govender|Mahlangu|Sithole|Zwane|Ngcobo|Radebe|Mabaso|De Villiers|Viljoen
Steenkamp|Coetzee|Swanepoel|Joubert|Marais|Malan|Rossouw|Hendricks|Davids|Abrahams|Maharaj|Reddy
Table Bay|False Bay|Algoa|Saldanha|Lion's Head|Signal Hill|Devil's Peak|Constantia|Houtkloof|Môreson
Môrester|Reënboog|Sonskyn|Goudveld|Silwerstroom|Rooikrans|Witklip|Swartkop|Bloukrans|Groenkloof
Doornkop|Rietvlei|Kareekloof|Wilgespruit|Palmietfontein|Sterkfontein|Buffelsfontein|Modderfontein
Kingfisher|Hornbill|Weaver|Sunbird|Falcon|Kestrel|Albatross|Ibis|Heron|Hoopoe|Lourie|Turaco
Acacia|Yellowwood|Stinkwood|Jacaranda|Aloe|Fynbos|Strelitzia|Agapanthus|Buchu|Rooibos|Mopane
Ithemba|Inyanga|Isibani|Ikhaya|Inkanyezi|Imbizo|Indaba|Ilanga|Impilo|Imfundo|Isizwe|Amandla
Southern Cross|Good Hope|Table Mountain|Cape Point|Gold Reef|Diamond Fields|Iron Ridge|Copperton
Zebra|Rhino Ridge|Leopard Creek|Elephant Valley|Honeyguide|Meerkat|Caracal|Steenbok|Duiker|Bontebok
Tshwane|eThekwini|Mangaung|Nelson Bay|Buffalo City|Ekurhuleni|Capricorn|Vhembe|Gert Sibande|Bojanala
Nomad|Pioneer|Voortrekker|Trekker|Frontier|Heritage|Liberty|Unity|Harmony|Victory|Horizon|Zenith
""".strip()
    .replace("\n", "|")
    .split("|")
)

QUALIFIERS = tuple(
    """
Valley|Ridge|Park|Hills|View|North|South|East|West|Central|Upper|Lower|Heights|Gardens|Village
Community|United|African|National|Regional|Premier|Prime|Royal|Golden|Green|Blue|Bright|New|First
Junior|Senior|Modern|Rapid|Global|Coastal|Inland|Metro|Rural|Sunrise|Sunset|Star|Crown|Anchor
""".strip()
    .replace("\n", "|")
    .split("|")
)

SECTORS: dict[str, tuple[str, ...]] = {
    "Aviation": (
        "Aviation Academy",
        "Flight School",
        "Air Charter",
        "Helicopter Services",
        "Aircraft Maintenance",
        "Flying Club",
        "Avionics",
        "Air Cargo",
        "Gliding Club",
        "Airfield Services",
        "Pilot Training Centre",
        "Aero Club",
        "Crop Sprayers",
        "Aviation Fuels",
    ),
    "Education": (
        "Primary School",
        "Secondary School",
        "High School",
        "Combined School",
        "Pre-School",
        "College",
        "Training Institute",
        "Technical College",
        "Educare Centre",
        "Skills Academy",
        "Language Centre",
        "Music School",
        "Tutors",
        "Laerskool",
        "Hoërskool",
    ),
    "Health": (
        "Clinic",
        "Medical Centre",
        "Hospital",
        "Pharmacy",
        "Physiotherapy",
        "Dental Practice",
        "Hospice",
        "Home Care",
        "Nursing Services",
        "Optometrists",
        "Veterinary Clinic",
        "Wellness Centre",
        "Ambulance Services",
        "Radiology",
    ),
    "Logistics": (
        "Transport",
        "Logistics",
        "Freight",
        "Couriers",
        "Warehousing",
        "Clearing and Forwarding",
        "Cold Storage",
        "Removals",
        "Shipping Agencies",
        "Fleet Services",
        "Bus Services",
        "Truck Hire",
        "Distribution",
        "Cartage",
    ),
    "Agriculture": (
        "Boerdery",
        "Farming",
        "Agricultural Cooperative",
        "Fruit Packers",
        "Wine Estate",
        "Dairy",
        "Poultry",
        "Grain Silos",
        "Irrigation",
        "Nurseries",
        "Game Ranch",
        "Feeds",
        "Livestock Auctioneers",
        "Seed Company",
        "Citrus Growers",
    ),
    "Construction": (
        "Construction",
        "Civils",
        "Building Supplies",
        "Plumbing",
        "Electrical Contractors",
        "Roofing",
        "Paving",
        "Quarries",
        "Architects",
        "Quantity Surveyors",
        "Steelworks",
        "Timber",
        "Projects",
        "Land Surveyors",
    ),
    "Community": (
        "Foundation",
        "Trust",
        "Development Forum",
        "Youth Centre",
        "Old Age Home",
        "Children's Home",
        "Feeding Scheme",
        "Sports Club",
        "Library Friends",
        "Conservancy",
        "Community Radio",
        "Women's League",
        "Burial Society",
        "Animal Welfare Society",
    ),
    "Services": (
        "Consulting",
        "Accountants",
        "Attorneys",
        "Engineering",
        "Security Services",
        "Cleaning Services",
        "Technologies",
        "Guest House",
        "Tours",
        "Catering",
        "Printers",
        "Insurance Brokers",
        "Estate Agents",
        "Motors",
        "Holdings",
        "Trading",
    ),
}

LEGAL_FORMS: dict[str, dict[str, int]] = {
    "Aviation": {"(Pty) Ltd": 6, "CC": 2, "": 2},
    "Education": {"": 7, "NPC": 2, "(Pty) Ltd": 1},
    "Health": {"": 4, "(Pty) Ltd": 3, "Inc": 2, "NPC": 1},
    "Logistics": {"(Pty) Ltd": 6, "CC": 3, "Ltd": 1},
    "Agriculture": {"(Pty) Ltd": 4, "CC": 2, "": 3, "Ltd": 1},
    "Construction": {"(Pty) Ltd": 5, "CC": 4, "": 1},
    "Community": {"NPC": 5, "": 5},
    "Services": {"(Pty) Ltd": 5, "CC": 3, "Inc": 1, "": 1},
}
REGISTRATION_TYPES = {"(Pty) Ltd": "07", "Ltd": "06", "CC": "23", "NPC": "08", "Inc": "21"}

FIRST_NAMES = tuple(
    """
Thandiwe|Sipho|Nomsa|Bongani|Lindiwe|Themba|Zanele|Mandla|Ayanda|Sibusiso|Palesa|Tebogo|Kagiso
Refilwe|Mpho|Dineo|Johan|Annelie|Pieter|Marlize|Hennie|Elsabé|Gerhard|Riana|Francois|Chantal|Susan
David|Michelle|Craig|Heather|Priya|Rajesh|Anand|Shireen|Fatima|Yusuf|Ashraf|Naeem|Lungile|Vusi
Nosipho|Khaya|Unathi|Andile|Rendani|Mulalo|Tsakani|Hlengani|José|Zoë|Renée|Leon|Karin|Willem
""".strip()
    .replace("\n", "|")
    .split("|")
)
SURNAMES = tuple(
    """
Dlamini|Nkosi|Botha|Naidoo|Mokoena|Van der Merwe|Khumalo|Pillay|Jacobs|Smith|Ndlovu|Mahlangu|Sithole
Du Plessis|Van Wyk|Fourie|Venter|Govender|Adams|Petersen|Mthembu|Zulu|Cele|Mkhize|Maseko|Radebe
Molefe|Tau|Modise|Baloyi|Mabunda|Ramaphosa-Nel|Le Roux|Joubert|Hendricks|Davids|Moosa|Patel|Singh
O'Connor|Wright|Campbell|Ngcobo|Buthelezi|Gumede|Mashaba|Tshabalala|Vilakazi|Nel|Kruger|Swart
""".strip()
    .replace("\n", "|")
    .split("|")
)
ROLES = (
    "Manager",
    "Director",
    "Principal",
    "Secretary",
    "Owner",
    "Office Manager",
    "Administrator",
    "Chairperson",
    "Member",
    "Operations Manager",
    "Bookkeeper",
    "Receptionist",
    "Chief Executive",
    "Treasurer",
)
STREETS = tuple(
    """
Main Road|Church Street|Voortrekker Road|Nelson Mandela Drive|Long Street|Kerkstraat|Station Road
Market Street|Beach Road|Oak Avenue|Jan Smuts Avenue|Steve Biko Road|Oliver Tambo Street|Loopstraat
Industria Road|Airport Road|Hospital Street|School Lane|Dorpstraat|Albert Luthuli Street|Mill Street
""".strip()
    .replace("\n", "|")
    .split("|")
)
NOTES = (
    "Paid up to date",
    "Asked for a quotation",
    "Do not phone before 10:00",
    "Moved to new premises",
    "Prefers e-mail",
    "To be visited",
    "Old number no longer works",
    "Speaks Afrikaans",
    "Account on hold; see file",
    "Referred by the district office",
)
