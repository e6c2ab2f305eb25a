"""More about a customer, the network's sites, and the words by which customers are found."""

import sqlalchemy as sa
from alembic import op

from tjugo import search_words

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TEXTS = (("id_no", 40), ("email", 200), ("category", 40), ("language", 10), ("notes", 1000))
_WORD = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")
_PART = 5000


def upgrade() -> None:
    for name, length in _TEXTS:
        op.add_column("customer", sa.Column(name, sa.String(length=length), nullable=True))
    op.add_column("customer", sa.Column("search", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "search_word",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("word", _WORD, nullable=False),
        sa.Column("field", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_no", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_search_word_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "word", "field", "account_no", name=op.f("pk_search_word")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "site",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("parent", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('region', 'substation', 'feeder', 'transformer', 'service_point')",
            name=op.f("ck_site_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.tenant_id"], name=op.f("fk_site_tenant_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent"],
            ["site.tenant_id", "site.site"],
            name=op.f("fk_site_tenant_id_parent"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "site", name=op.f("pk_site")),
    )
    op.create_index("ix_site_tenant_id_parent", "site", ["tenant_id", "parent"])
    with op.batch_alter_table("service_link") as table:
        table.add_column(sa.Column("site", sa.String(length=40), nullable=True))
        table.create_foreign_key(
            op.f("fk_service_link_tenant_id_site"),
            "site",
            ["tenant_id", "site"],
            ["tenant_id", "site"],
        )
    op.create_index("ix_service_link_tenant_id_site", "service_link", ["tenant_id", "site"])
    _find_words()


def _find_words() -> None:
    """Write the words of the customers that the database has."""
    columns = "tenant_id, account_no, name, phone, address"
    links = (
        "SELECT service_point FROM service_link WHERE tenant_id = :tenant_id "
        "AND account_no = :account_no AND until IS NULL AND service_point IS NOT NULL"
    )
    bind = op.get_bind()
    customers = bind.execute(sa.text(f"SELECT {columns} FROM customer")).mappings().all()
    for start in range(0, len(customers), _PART):
        words, texts = [], []
        for row in customers[start : start + _PART]:
            key = {"tenant_id": row["tenant_id"], "account_no": row["account_no"]}
            places = bind.execute(sa.text(links), key).scalars().all()
            found = search_words.of_customer(
                row["account_no"], row["name"], row["phone"], None, [row["address"], *places]
            )
            texts.append({**key, "search": search_words.joined(found)})
            words += [{**key, "field": field, "word": word} for field, word in found]
        bind.execute(
            sa.text(
                "UPDATE customer SET search = :search "
                "WHERE tenant_id = :tenant_id AND account_no = :account_no"
            ),
            texts,
        )
        bind.execute(
            sa.text(
                "INSERT INTO search_word (tenant_id, word, field, account_no) "
                "VALUES (:tenant_id, :word, :field, :account_no)"
            ),
            words,
        )
