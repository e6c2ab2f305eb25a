"""The rows of the large benchmark, few of them: they are those of a station."""

import pytest
from sqlalchemy import func, select
from station_kit import see

from tjugo.benchmarks import large
from tjugo.benchmarks.large_rows import Load
from tjugo.station.station import Station, utc_now
from tjugo.station.storage import tables as models
from tjugo.station.vending import sale_views, views


@pytest.mark.long
def test_the_rows_are_those_of_a_station(database, tmp_path):
    load = Load(20, 100)
    with Station.create(tmp_path / "state", utc_now, database_url=database()) as station:
        large.fill(station, load)
        with station.view() as view:
            for table, count in ((models.Meter, 20), (models.Token, 100), (models.Sale, 100)):
                assert view.session.scalar(select(func.count()).select_from(table)) == count
            if view.session.get_bind().dialect.name == "sqlite":
                broken = view.session.connection().exec_driver_sql("PRAGMA foreign_key_check")
                assert broken.all() == []
        # Each token is intact and belongs to its request.
        assert len(see(station, sale_views.sales).items) == 50
        assert see(station, views.find_sale, "bench", "s99").drn == load.drns[19]
        assert set(large.measure(station, load)) >= {"day report", "sale by id"}
