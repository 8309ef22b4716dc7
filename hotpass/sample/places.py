"""Towns of South Africa with their province, postcode and dialling code."""

from __future__ import annotations

TOWNS: tuple[tuple[str, str, str, str], ...] = tuple(
    (town, province, postcode, code)
    for province, towns in {
        "Western Cape": (
            "Cape Town 8001 21|Stellenbosch 7600 21|Paarl 7646 21|Worcester 6850 23|George 6529 44"
            "|Knysna 6571 44|Mossel Bay 6500 44|Oudtshoorn 6625 44|Beaufort West 6970 23"
            "|Malmesbury 7300 22|Hermanus 7200 28"
        ),
        "Gauteng": (
            "Johannesburg 2001 11|Sandton 2196 11|Soweto 1804 11|Pretoria 0002 12|Centurion 0157 12"
            "|Midrand 1685 11|Germiston 1401 11|Benoni 1501 11|Vanderbijlpark 1911 16"
        ),
        "KwaZulu-Natal": (
            "Durban 4001 31|Pietermaritzburg 3201 33|Richards Bay 3900 35|Newcastle 2940 34"
            "|Ladysmith 3370 36|Port Shepstone 4240 39|Ulundi 3838 35|Howick 3290 33"
        ),
        "Eastern Cape": (
            "Gqeberha 6001 41|East London 5201 43|Mthatha 5099 47|Makhanda 6139 46|Komani 5319 45"
            "|Graaff-Reinet 6280 49|Jeffreys Bay 6330 42"
        ),
        "Free State": (
            "Bloemfontein 9301 51|Welkom 9459 57|Bethlehem 9701 58|Kroonstad 9499 56"
            "|Sasolburg 1947 16"
        ),
        "Northern Cape": (
            "Kimberley 8301 53|Upington 8801 54|Springbok 8240 27|De Aar 7000 53|Kuruman 8460 53"
        ),
        "Limpopo": (
            "Polokwane 0699 15|Tzaneen 0850 15|Thohoyandou 0950 15|Mokopane 0600 15"
            "|Bela-Bela 0480 14|Musina 0900 15"
        ),
        "Mpumalanga": (
            "Mbombela 1200 13|eMalahleni 1035 13|Secunda 2302 17|Ermelo 2350 17|Middelburg 1050 13"
            "|White River 1240 13"
        ),
        "North West": (
            "Rustenburg 0299 14|Mahikeng 2745 18|Potchefstroom 2531 18|Klerksdorp 2571 18"
            "|Brits 0250 12|Lichtenburg 2740 18"
        ),
    }.items()
    for town, postcode, code in (entry.rsplit(" ", 2) for entry in towns.split("|"))
)

PROVINCE_SPELLINGS: dict[str, tuple[str, ...]] = {
    "Western Cape": (
        "Western Cape",
        "W. Cape",
        "W Cape",
        "WC",
        "Wes-Kaap",
        "WESTERN CAPE",
        "W/Cape",
    ),
    "Gauteng": ("Gauteng", "GP", "GAUTENG", "Gauteng Province", "Gauteng ", "gauteng"),
    "KwaZulu-Natal": (
        "KZN",
        "KwaZulu-Natal",
        "Kwa-Zulu Natal",
        "KwaZulu Natal",
        "Kwazulu-natal",
        "KZ-Natal",
        "Kwa Zulu/Natal",
    ),
    "Eastern Cape": ("Eastern Cape", "E. Cape", "EC", "Oos-Kaap", "E Cape", "EASTERN CAPE"),
    "Free State": ("Free State", "FS", "Vrystaat", "Freestate", "O.F.S.", "FREE STATE"),
    "Northern Cape": ("Northern Cape", "N. Cape", "NC", "Noord-Kaap", "N Cape"),
    "Limpopo": ("Limpopo", "LP", "LIMPOPO", "Limpopo Province", "Limpopo Prov."),
    "Mpumalanga": ("Mpumalanga", "MP", "Mpumulanga", "MPUMALANGA", "Mpumalanga Prov"),
    "North West": ("North West", "NW", "Noordwes", "North-West", "North West Province"),
}
