"""The people of the demonstration account: an operations team spread over the world."""

from __future__ import annotations

from .build import Builder

# Ids of those whom templates name, in the order of _TEAM.
OLIVIA, MAREK, ANA, JUERGEN, XIUYING, DMITRI, LAYLA, NIKOS, KENTA, ZOE, CHIDI, PRIYA, MINJUN, LUKASZ = range(
    1, 15
)
EVERYONE = tuple(range(1, 29))
INVITED_KOFI = 31

# first name, last name, local part of the e-mail address, telephone
_TEAM = (
    ("Olivia", "Bennett", "olivia.bennett", "+44 20 5550 0101"),
    ("Marek", "Dvořák", "marek.dvorak", "+420 555 010 102"),
    ("Ana", "Sousa", "ana.sousa", None),
    ("Jürgen", "Groß", "juergen.gross", "+49 30 5550 0104"),
    ("秀英", "王", "xiuying.wang", "+86 10 5550 0105"),
    ("Дмитрий", "Соколов", "dmitri.sokolov", None),
    ("ليلى", "حداد", "layla.haddad", "+961 1 555 0107"),
    ("Νίκος", "Παπαδόπουλος", "nikos.papadopoulos", None),
    ("健太", "田中", "kenta.tanaka", "+81 3 5550 0109"),
    ("Zoë", "O'Connor", "zoe.oconnor", None),
    ("Chidi", "Okonkwo", "chidi.okonkwo", "+234 1 555 0111"),
    ("Priya", "Nair", "priya.nair", "+91 80 5550 0112"),
    ("민준", "김", "minjun.kim", None),
    ("Łukasz", "Żółkiewski", "lukasz.zolkiewski", "+48 22 555 01 14"),
    ("Çağla", "Söylemez", "cagla.soylemez", None),
    ("דוד", "לוי", "david.levi", None),
    ("Mary-Jane", "van der Berg", "mj.vanderberg", "+31 20 555 0117"),
    ("สมชาย", "ใจดี", "somchai.jaidee", None),
    ("Þóra", "Guðmundsdóttir", "thora.gudmundsdottir", None),
    ("Thị Hương", "Nguyễn", "huong.nguyen", "+84 24 5550 0120"),
    ("Rajesh", "शर्मा", "rajesh.sharma", None),
    ("Ioana", "Ştefănescu", "ioana.stefanescu", None),
    ("Madonna", "", "madonna", None),
    ("Tomás", "Ó Súilleabháin", "tomas.osuilleabhain", "+353 1 555 0124"),
    ("Олена", "Ґудзь", "olena.gudz", None),
    ("Wei", "Lin", "wei.lin", None),
    ("Anna", "Schmidt", "anna.schmidt", None),
    ("Anna", "Schmidt", "anna.schmidt2", None),
)
# first name, last name, e-mail, where from, invited by
_INVITED = (
    ("", "", "new.colleague@example.com", "email", 1),
    ("Sofía", "Hernández", "sofia.hernandez@example.com", "google", 2),
    ("Kofi", "Mensah", "kofi.mensah@example.com", "slack", 1),
    ("فاطمة", "الزهراء", "fatima.zahra@example.com", "email", 7),
)


def add_people(builder: Builder) -> None:
    """Add everyone: the first is the account owner, a few are administrators, the last are invited only."""
    for number, (first, last, local, phone) in enumerate(_TEAM, start=1):
        builder.user(
            first,
            last,
            f"{local}@example.com",
            phone=phone,
            photo=f"https://example.com/photos/{local}.jpeg" if number in {1, 3, 8} else None,
            owner=number == 1,
            admin=number in {1, 2, 5, 12},
            staff=number in {1, 4},
        )
    for first, last, email, origin, inviter in _INVITED:
        builder.user(first, last, email, invited_from=origin, invited_by=inviter)
