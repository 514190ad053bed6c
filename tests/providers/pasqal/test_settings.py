"""Settings, addresses, options and emulators of the Pasqal client."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import ConfigurationError, InvalidInputError, InvalidOptionError
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.submission import RunOptions
from quantum_async.providers.pasqal.client import PasqalClient
from quantum_async.providers.pasqal.emulators import (
    EmuFreeConfig,
    EmuFresnelConfig,
    EmulatorConfig,
    EmuTNConfig,
    is_emulator,
    read_config,
)
from quantum_async.providers.pasqal.endpoints import (
    PASSWORD_REALM,
    PasqalEndpoints,
    PasqalSettings,
    Route,
)
from quantum_async.providers.pasqal.options import PasqalOptions, checked_options
from quantum_async.providers.pasqal.submission import NewBatch, NewJob
from quantum_async.simulation.options import SimulationOptions
from tests.wire.pasqal.service import SEQUENCE

LOGIN = {
    "QUANTUM_ASYNC_PASQAL_USERNAME": "u",
    "QUANTUM_ASYNC_PASQAL_PASSWORD": "very-private",
}
OURS = "QUANTUM_ASYNC_PASQAL_"


@pytest.mark.parametrize(
    ("region", "environment", "core", "token"),
    [
        ("fr", "prod", "apis.pasqal.cloud", "pasqal.eu.auth0.com"),
        ("fr", "preprod", "apis.preprod.pasqal.cloud", "pasqal-preprod.eu.auth0.com"),
        ("fr", "dev", "apis.dev.pasqal.cloud", "pasqal-dev.eu.auth0.com"),
        ("sa", "prod", "apis.sa.pasqal.cloud", "auth.sa.pasqal.cloud"),
        ("sa", "preprod", "apis.preprod.sa.pasqal.cloud", "auth.preprod.sa.pasqal.cloud"),
    ],
)
def test_every_installation_has_its_addresses(region, environment, core, token):
    """Core, account and login of each region and environment, which go together."""
    where = PasqalEndpoints.from_region(region, environment)
    assert where.core == f"https://{core}/core-fast"
    assert where.account == f"https://{core}/account"
    assert where.token.url.startswith(f"https://{token}/")
    assert where.token.grant_type == (PASSWORD_REALM if region == "fr" else "password")
    stage = "" if environment == "prod" else f"{environment}."
    assert where.token.audience == f"https://apis.{stage}pasqal.cloud/account/api/v1"


@pytest.mark.parametrize(("region", "environment"), [("sa", "dev"), ("us", "prod"), ("fr", "x")])
def test_other_installations_are_refused(region, environment):
    """An unknown region does not silently mean France."""
    with pytest.raises(ConfigurationError):
        PasqalEndpoints.from_region(region, environment)


@pytest.mark.parametrize("route", Route)
def test_ovh_has_six_routes_and_the_public_specifications(route):
    """The others are refused by name, before anything is sent."""
    where = PasqalEndpoints.ovh()
    known = {"CREATE_BATCH", "GET_BATCH", "BATCH_STATUS", "LIST_JOBS", "RESULTS_LINK", "JOB_STATUS"}
    if route.name in known:
        assert where.path(route, "id").startswith("/api/v1/third-party-access/ovh/")
    elif route is not Route.PUBLIC_SPECS:
        with pytest.raises(ConfigurationError, match=route.title):
            where.path(route, "id")


@given(st.text(min_size=1))
def test_an_id_stays_one_segment(text):
    """Whatever an id holds, it leads nowhere else."""
    path = PasqalEndpoints.from_region().path(Route.GET_JOB, text)
    assert path.startswith("/api/v2/jobs/")
    assert path.count("/") == 4
    assert "?" not in path


def test_a_client_is_built_from_the_environment():
    """The variables name credentials, project, addresses and the webhook."""
    environ = {
        **LOGIN,
        OURS + "PROJECT_ID": "p-1",
        OURS + "CORE_URL": "http://127.0.0.1:1/core",
        OURS + "ACCOUNT_URL": "http://127.0.0.1:1/account",
        OURS + "TOKEN_URL": "http://127.0.0.1:1/token",
        OURS + "WEBHOOK": "https://example.com",
    }
    settings = PasqalSettings.read(environ)
    assert settings.endpoints.core == "http://127.0.0.1:1/core"
    assert settings.endpoints.token.url == "http://127.0.0.1:1/token"
    client = PasqalClient.from_env(environ)
    assert client.projects.current == "p-1"
    assert "127.0.0.1:1/core" in repr(client)
    assert "very-private" not in repr(settings)


def test_the_vendors_variables_count():
    """PASQAL_USERNAME and PASQAL_PASSWORD are read where ours are missing."""
    settings = PasqalSettings.read({"PASQAL_USERNAME": "v", "PASQAL_PASSWORD": "w"})
    assert settings.username == "v"
    assert PasqalSettings.read({"PASQAL_USERNAME": "v", **LOGIN}).username == "u"


def test_ovhs_variable_means_ovhs_access():
    """Its token alone chooses its routes; beside other credentials it does not."""
    assert PasqalSettings.read({"PASQAL_PULSER_ACCESS_TOKEN": "t"}).is_ovh
    assert not PasqalSettings.read({"PASQAL_PULSER_ACCESS_TOKEN": "t", **LOGIN}).is_ovh
    client = PasqalClient.from_env({"PASQAL_PULSER_ACCESS_TOKEN": "t"})
    assert client.capabilities.grade is SubmissionGrade.AT_MOST_ONCE
    assert not client.capabilities.open_batch


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {OURS + "PASSWORD": "secret"},
        {**LOGIN, OURS + "REGION": "us"},
        {**LOGIN, OURS + "ENVIRONMENT": "moon"},
        {**LOGIN, OURS + "CORE_URL": "not an address"},
        {**LOGIN, OURS + "CLIENT_ID": "c"},
    ],
    ids=["nothing", "no-user", "region", "environment", "url", "two-kinds"],
)
def test_a_wrong_environment_is_refused_without_its_secrets(environ):
    """What is missing or malformed is named; a value never is."""
    with pytest.raises(ConfigurationError) as caught:
        PasqalClient.from_env(environ)
    assert "secret" not in str(caught.value)


def test_empty_variables_count_as_missing():
    """A variable that a container sets to nothing is not there."""
    settings = PasqalSettings.read({**LOGIN, OURS + "REGION": " ", OURS + "TOKEN": ""})
    assert settings.region is None
    assert settings.token is None


def test_other_options_become_ours():
    """Tags and an emulation survive where a job was made for no provider in particular."""
    given = SimulationOptions(seed=3, tags=("t",), emulation="{}")
    ours = checked_options(given, "EMU_MPS", is_ovh=False)
    assert ours == PasqalOptions(seed=3, tags=("t",), emulation="{}")
    assert checked_options(ours, "EMU_MPS", is_ovh=False) is ours
    assert checked_options(RunOptions(), "FRESNEL", is_ovh=False).emulation is None


@given(st.builds(EmuTNConfig, dt=st.floats(0.1, 100), max_bond_dim=st.integers(1, 999)))
def test_a_configuration_survives_the_wire(config):
    """Written down and read again it is the same, unknown keys included."""
    document = {**config.document(), "future": 1}
    before = dict(document)
    again = EmuTNConfig.from_document(document)
    assert document == before, "the document is not changed"
    assert again.document() == document
    assert hash(again) == hash(EmuTNConfig.from_document(document))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (EmuTNConfig, {"dt": 0}),
        (EmuTNConfig, {"precision": "extreme"}),
        (EmuTNConfig, {"max_bond_dim": 0}),
        (EmulatorConfig, {"result_types": ("sample",)}),
        (EmuFreeConfig, {"extra": {"with_noise": True}}),
    ],
)
def test_a_wrong_configuration_is_refused(kind, fields):
    """When it is made, not when it is sent."""
    with pytest.raises(InvalidOptionError):
        kind(**fields)


def test_a_batchs_configuration_is_read_by_its_device():
    """Emulators that take Pulser's configuration have no legacy one."""
    document = {"strict_validation": True, "result_types": ["counter"], "with_noise": True}
    config = read_config("EMU_FREE", document)
    assert isinstance(config, EmuFreeConfig)
    assert (config.with_noise, config.strict_validation) == (True, True)
    assert isinstance(read_config("EMU_TN", {"dt": 3.0}), EmuTNConfig)
    other = read_config("FRESNEL", document)
    assert other is not None
    assert other.extra == {"with_noise": True}
    assert read_config("EMU_MPS", document) is None
    assert read_config("EMU_FREE", None) is None
    assert EmuFresnelConfig().document() == {}


def test_emulators_are_known_by_their_names():
    """Also those that this package has never heard of."""
    assert is_emulator("EMU_FUTURE")
    assert not is_emulator("FRESNEL")


@pytest.mark.parametrize(
    "fields",
    [
        {"jobs": (), "sequence": SEQUENCE},
        {"jobs": (NewJob(runs=1),)},
        {"jobs": (NewJob(runs=1, sequence=SEQUENCE),), "sequence": SEQUENCE},
        {"jobs": (NewJob(),), "sequence": "s", "device_type": "X", "configuration": EmuTNConfig()},
    ],
    ids=["no-jobs", "no-sequence", "unused-sequence", "other-device"],
)
def test_a_batch_that_contradicts_itself_is_refused(fields):
    """Before anything is sent, with the reason."""
    with pytest.raises(InvalidInputError):
        NewBatch(**fields)


@pytest.mark.parametrize(
    "fields",
    [{"runs": 0}, {"runs": True}, {"runs": 1, "sequence": "s", "variables": {"a": 1.0}}],
    ids=["zero", "true", "both"],
)
def test_a_job_that_contradicts_itself_is_refused(fields):
    """Shots are positive, and a sequence of its own takes no variables."""
    with pytest.raises(InvalidInputError):
        NewJob(**fields)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), (1.0, float("-inf"))])
def test_numbers_that_json_cannot_say_are_refused(value):
    """Python's NaN and Infinity never reach the wire."""
    with pytest.raises(InvalidInputError, match="finite"):
        NewJob(runs=1, variables={"omega": value}).document()


@pytest.mark.parametrize("text", ["nonsense", "[]", ""])
def test_an_emulation_that_is_no_object_is_refused(text):
    """The text of an EmulationConfig is a JSON object; it may hold a bare Infinity."""
    with pytest.raises(InvalidOptionError):
        PasqalOptions(emulation=text)
    assert PasqalOptions(emulation='{"autosave_dt": Infinity}').emulation_text
