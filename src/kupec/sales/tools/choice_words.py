"""Other ways to name a way to pay or to be delivered to, as customers say them in Czech, Slovak, Polish and English."""

from collections.abc import Sequence
from typing import Final

PAYING: Final[dict[str, Sequence[str]]] = {
    "card": (
        *("karta", "kartu", "kartou", "kartě", "platební kartou", "kreditkou", "visa", "mastercard"),
        *("kartą", "kartę", "karty", "kartą płatniczą", "blik"),
        *("card", "by card", "credit card", "debit card", "apple pay", "google pay"),
    ),
    "transfer": (
        *("převod", "převodem", "bankovním převodem", "převést", "qr kód", "qr kódem", "qr platba", "prevodom"),
        *("przelew", "przelewem", "przelewem bankowym", "kodem qr"),
        *("transfer", "bank transfer", "by transfer", "wire", "wire transfer"),
    ),
    "cod": (
        *(
            "dobírka",
            "dobírku",
            "dobírkou",
            "na dobírku",
            "hotově",
            "hotovost",
            "hotovostí",
            "při převzetí",
            "dobierka",
        ),
        *("dobierku", "na dobierku", "za pobraniem", "pobranie", "gotówka", "gotówką", "przy odbiorze"),
        *("cash", "cash on delivery", "on delivery", "pay on delivery", "in cash"),
    ),
    "account": (
        *(
            "účet",
            "na účet",
            "na účet firmy",
            "firemní účet",
            "konto",
            "na konto",
            "na fakturu",
            "fakturou",
            "na splatnost",
        ),
        *("na faktúru", "konto firmowe", "na konto firmowe", "na konto firmy", "na fakturę", "fakturą", "na rachunek"),
        *("odroczony termin", "z odroczonym terminem"),
        *("account", "on account", "on our account", "company account", "on invoice", "by invoice", "pay later"),
    ),
}
"""By the kind of a way to pay."""
DELIVERING: Final[dict[str, Sequence[str]]] = {
    "pickup": (
        *(
            "osobně",
            "osobní odběr",
            "osobního odběru",
            "vyzvednu",
            "vyzvednu si",
            "vyzvednout",
            "na prodejně",
            "v obchodě",
        ),
        *("odbiór osobisty", "osobiście", "odbiorę", "odbiorę osobiście", "w sklepie"),
        *(
            "pick up",
            "pickup",
            "pick it up",
            "collect",
            "collect it",
            "in person",
            "at the counter",
            "click and collect",
        ),
    ),
    "point": (
        *("výdejní místo", "na výdejní místo", "výdejna", "na výdejnu", "box", "do boxu", "výdejní box", "na pobočku"),
        *("zásilkovna", "zásilkovnou", "přes zásilkovnu", "balíkovna", "balíkomat"),
        *("paczkomat", "do paczkomatu", "paczkomatem", "punkt odbioru", "do punktu", "automat paczkowy"),
        *("pick-up point", "pickup point", "parcel shop", "parcel locker", "locker"),
    ),
    "parcel": (
        *("kurýr", "kurýrem", "kurýra", "domů", "na adresu", "až domů", "balík", "balíkem", "poštou"),
        *("kurier", "kurierem", "kuriera", "do domu", "na adres", "kuriérom", "domov", "na adresu domov"),
        *("courier", "by courier", "home", "to my home", "to my address", "to my door", "home delivery", "by post"),
    ),
    "slot": (
        *("večerní rozvoz", "večer", "rozvoz", "okno", "časové okno", "vaším rozvozem"),
        *("dostawa wieczorna", "wieczorem", "w przedziale"),
        *("evening delivery", "in the evening", "time slot", "slot"),
    ),
}
"""By the kind of a delivery."""
