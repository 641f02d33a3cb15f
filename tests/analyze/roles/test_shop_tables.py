"""Roles of small tables with the headers that Korean MES, PLC and ERP exports have."""

import pytest
from tests.analyze.roles.shop_tables import TABLES, ShopTable

from jasang.analyze.roles import infer_table


@pytest.mark.parametrize("shop", TABLES, ids=lambda shop: shop.name)
def test_every_column_of_shop_table_gets_its_role(shop: ShopTable) -> None:
    frame = shop.frame()

    guess = infer_table("table.csv", frame, frame.height)

    right = {header: set(roles.split("|")) for header, _, roles in shop.columns}
    wrong = {
        one.column: (one.role.value, one.reason.en) for one in guess.guesses if one.role.value not in right[one.column]
    }
    assert wrong == {}


@pytest.mark.parametrize("shop", TABLES, ids=lambda shop: shop.name)
def test_shop_table_gets_its_kind_and_axes(shop: ShopTable) -> None:
    frame = shop.frame()

    table = infer_table("table.csv", frame, frame.height).table

    time = shop.time or table.time
    assert (table.kind.value, table.time, table.asset_column, table.product_column, table.bad_values) == (
        shop.kind,
        time,
        shop.asset,
        shop.product,
        shop.bad,
    )
