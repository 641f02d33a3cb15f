"""KAMP interface models become a complete, valid collect.toml by one command."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jasang.cli.main import main
from jasang.connect.collect_toml import CollectSettings, read_collect_toml
from jasang.errors import ConfigurationError, UnreadableInput
from jasang.mentor.connect_model import add_model

URI = "https://www.smart-factory.kr/datasolution"
SHELL = """<?xml version="1.0"?>
<environment xmlns="https://admin-shell.io/aas/3/0">
 <assetAdministrationShells><assetAdministrationShell><idShort>Press</idShort><id>urn:a</id><submodels><reference>
  <keys><key><type>Submodel</type><value>urn:sm</value></key></keys></reference></submodels></assetAdministrationShell></assetAdministrationShells>
 <submodels><submodel><idShort>OperationalData</idShort><id>urn:sm</id><submodelElements>
  <property><idShort>Speed</idShort><semanticId><keys><key><type>ConceptDescription</type><value>urn:speed</value></key></keys></semanticId>
   <valueType>xs:double</valueType></property>
  <submodelElementCollection><idShort>Ram</idShort><value><property><idShort>Force</idShort><valueType>xs:float</valueType></property></value>
  </submodelElementCollection></submodelElements></submodel></submodels>
 <conceptDescriptions><conceptDescription><id>urn:speed</id><embeddedDataSpecifications><embeddedDataSpecification>
  <dataSpecificationContent><dataSpecificationIec61360><unit>mm/s</unit></dataSpecificationIec61360></dataSpecificationContent>
 </embeddedDataSpecification></embeddedDataSpecifications></conceptDescription></conceptDescriptions>
</environment>"""


def signals(settings: CollectSettings) -> dict[str, tuple[str, str | None]]:
    return {one.name: (one.address, one.unit) for link in settings.links for one in link.signals}


def test_welder_of_kamp_gets_every_tag_with_address_unit_and_interval(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, file = real_data("kamp_aas_opcua") / "battery_module_welding", tmp_path / "collect.toml"

    (added,) = add_model(folder, file)
    settings = read_collect_toml(file)

    (link,) = settings.links
    found = signals(settings)
    assert (added.found, len(found)) == (60, 60)
    assert (link.name, link.url, link.asset) == (
        "Edisontech_GW",
        "opc.tcp://192.168.1.250:4840",
        "BatteryModuleWelding",
    )
    assert link.options.sampling_interval == 0.1
    speed = (f"nsu={URI};s=BatteryModuleWelding.OperationalData.SetSpeed", "mm/s")
    assert found["BatteryModuleWelding.OperationalData.SetSpeed"] == speed
    assert found["BatteryModuleWelding.OperationalData.PageNo"][1] is None


def test_both_machines_of_kamp_stand_in_one_file_and_twice_too(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, file = real_data("kamp_aas_opcua"), tmp_path / "collect.toml"

    for _ in range(2):
        add_model(folder, file)

    names = [(link.name, len(link.signals)) for link in read_collect_toml(file).links]
    assert names == [("Edisontech_GW", 60), ("EdgeGW", 231), ("Edisontech_GW-2", 60), ("EdgeGW-2", 231)]


@pytest.mark.parametrize(
    ("name", "units"), [("nodeset.xml", 0), ("BatteryModuleWelding.aasx", 10), ("BatteryModuleWelding.xml", 10)]
)
def test_each_file_alone_gives_the_same_nodes(
    real_data: Callable[[str], Path], tmp_path: Path, name: str, units: int
) -> None:
    folder, file = real_data("kamp_aas_opcua") / "battery_module_welding", tmp_path / "collect.toml"
    add_model(folder, tmp_path / "all.toml")

    add_model(folder / name, file)
    found = signals(read_collect_toml(file))

    whole = signals(read_collect_toml(tmp_path / "all.toml"))
    assert {address for address, _ in found.values()} == {address for address, _ in whole.values()}
    assert sum(unit is not None for _, unit in found.values()) == units


def test_a_shell_of_version_3_in_a_package_is_read_with_units(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "press.aasx", "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("aasx/press.aas.xml", SHELL)

    status = main(
        [
            "connect",
            "add",
            "opc.tcp://10.0.0.1:4840",
            "--model",
            str(tmp_path / "press.aasx"),
            "--file",
            str(tmp_path / "c.toml"),
        ]
    )

    assert status == 0
    assert signals(read_collect_toml(tmp_path / "c.toml")) == {
        "Press.OperationalData.Speed": (f"nsu={URI};s=Press.OperationalData.Speed", "mm/s"),
        "Press.OperationalData.Ram.Force": (f"nsu={URI};s=Press.OperationalData.Ram.Force", None),
    }


def test_tag_list_alone_needs_the_address_and_keeps_other_intervals(tmp_path: Path) -> None:
    tags = "노드,,,,주기,\nns=2;s=M.a, , , , 100, -1\nns=2;s=M.b, , , , 100, -1\n\nns=2;s=M.c, , , , 2000, -1, Force\nrubbish,1\n"
    (tmp_path / "engineering.csv").write_bytes(tags.encode("cp949"))
    with pytest.raises(ConfigurationError, match="the model names no OPC UA server"):
        add_model(tmp_path / "engineering.csv", tmp_path / "c.toml")
    assert not (tmp_path / "c.toml").exists()

    (added,) = add_model(tmp_path / "engineering.csv", tmp_path / "c.toml", url="opc.tcp://10.0.0.1:4840")

    (link,) = read_collect_toml(tmp_path / "c.toml").links
    assert [(one.address, one.options.sampling_interval) for one in link.signals] == [
        ("ns=2;s=M.a", None), ("ns=2;s=M.b", None), ("ns=2;s=M.c", 2.0),
    ]  # fmt: skip
    assert added.to_do[0].en == "engineering.csv line 6: 'rubbish' is no node id and was passed over"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.xml", "<html/>", r"found 'html', expected an OPC UA node set"),
        ("x.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "XML with a DTD is not read"),
        ("x.xml", "<a", "is no XML"),
        ("x.aasx", "PK", "is no AASX package"),
        ("x.csv", "a,b\n1,2\n", "its first column holds no node ids"),
        ("x.json", "{}", "is no gateway's settings"),
        ("x.txt", "", "unknown kind of file"),
    ],
)
def test_a_file_that_is_no_model_is_named_with_what_was_expected(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")

    with pytest.raises(UnreadableInput, match=said):
        add_model(tmp_path / name, tmp_path / "c.toml", url="opc.tcp://10.0.0.1:4840")
