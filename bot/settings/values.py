"""All settings as one frozen value, with a field per variable (docs/settings.md).

`rules` checks one variable; `load` reads the sources and collects the mistakes.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.domain.delivery import WithoutHistory
from bot.settings import files, rules

SLACK_API_URL = "https://slack.com/api/"
DEFAULT_HTTP_PORT = 3000
DEFAULT_ADMIN_PORT = 8080
LOOPBACK = "127.0.0.1"


_AZURE_FIELDS = frozenset(
    {"subscriptions", "azure_credential", "azure_static_token", "cloud", "arm_url"}
)


class Transport(StrEnum):
    """How requests from Slack arrive."""

    SOCKET = "socket"
    HTTP = "http"


class AzureCredential(StrEnum):
    """Where the token for ARM comes from."""

    MANAGED_IDENTITY = "managed-identity"
    WORKLOAD_IDENTITY = "workload-identity"
    CLI = "cli"
    DEFAULT = "default"
    STATIC = "static"


class Cloud(StrEnum):
    """The Azure cloud."""

    PUBLIC = "public"
    CHINA = "china"
    USGOV = "usgov"


Port = Annotated[int, BeforeValidator(rules.port)]
Text = Annotated[str, BeforeValidator(rules.text)]
Secret = Annotated[SecretStr, BeforeValidator(rules.text)]
Names = Annotated[tuple[str, ...], BeforeValidator(rules.names)]
Address = Annotated[str, BeforeValidator(rules.listening_address)]
Switch = Annotated[bool, BeforeValidator(rules.switch)]


class AzureSettings(BaseSettings):
    """How ARM is reached; `appgw health` in a terminal needs nothing else.

    `strange` contains one sentence for each variable that looks like a misspelt one.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    subscriptions: Annotated[Names, AfterValidator(rules.subscriptions)] = Field(
        default=(), alias="APPGW_SUBSCRIPTIONS"
    )
    azure_credential: Annotated[
        AzureCredential, BeforeValidator(rules.one_of(tuple(AzureCredential)))
    ] = Field(default=AzureCredential.MANAGED_IDENTITY, alias="APPGW_AZURE_CREDENTIAL")
    azure_client_id: Text | None = Field(default=None, alias="AZURE_CLIENT_ID")
    azure_static_token: Secret | None = Field(default=None, alias="APPGW_AZURE_STATIC_TOKEN")
    cloud: Annotated[Cloud, BeforeValidator(rules.one_of(tuple(Cloud)))] = Field(
        default=Cloud.PUBLIC, alias="APPGW_CLOUD"
    )
    arm_url: Annotated[Text, AfterValidator(rules.arm_url)] | None = Field(
        default=None, alias="APPGW_ARM_URL"
    )
    ca_bundle: (
        Annotated[
            Path,
            BeforeValidator(files.path("/etc/ssl/contoso.pem")),
            AfterValidator(files.ca_bundle),
        ]
        | None
    ) = Field(default=None, alias="APPGW_CA_BUNDLE")
    strange: tuple[str, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is the library's
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is the library's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the values from `load_settings`.

        The library would otherwise read the process's environment itself.
        """
        return (init_settings,)


class DatabaseSettings(AzureSettings):
    """Where the database is; with `AzureSettings`, all that `appgw db` needs."""

    data_dir: Annotated[Path, BeforeValidator(files.path("/data"))] = Field(
        default=Path("data"), alias="APPGW_DATA_DIR"
    )
    database_secret: Annotated[Secret, BeforeValidator(rules.database_url)] | None = Field(
        default=None, alias="APPGW_DATABASE_URL"
    )

    @property
    def database_url(self) -> str:
        """The configured database URL, else a SQLite file in the data directory.

        May contain a password: never log it.
        """
        given = self.database_secret
        return given.get_secret_value() if given else f"sqlite:///{self.data_dir / 'appgw.sqlite3'}"


class Settings(DatabaseSettings):
    """All settings of `appgw serve`.

    The alias of a field is the name of its variable and its key in `appgw.yaml`.
    """

    slack_bot_token: Annotated[Secret, BeforeValidator(rules.token("xoxb-"))] = Field(
        alias="SLACK_BOT_TOKEN"
    )
    slack_app_token: Annotated[Secret, BeforeValidator(rules.token("xapp-"))] | None = Field(
        default=None, alias="SLACK_APP_TOKEN"
    )
    slack_signing_secret: Secret | None = Field(default=None, alias="SLACK_SIGNING_SECRET")
    http_port: Port = Field(default=DEFAULT_HTTP_PORT, alias="APPGW_HTTP_PORT")
    http_host: Address = Field(default=LOOPBACK, alias="APPGW_HTTP_HOST")
    slack_api_url: Annotated[Text, AfterValidator(rules.slack_api_url)] = Field(
        default=SLACK_API_URL, alias="APPGW_SLACK_API_URL"
    )
    admin_port: Port = Field(default=DEFAULT_ADMIN_PORT, alias="APPGW_ADMIN_PORT")
    admin_host: Address = Field(default=LOOPBACK, alias="APPGW_ADMIN_HOST")
    without_history: Annotated[
        WithoutHistory, BeforeValidator(rules.one_of(tuple(WithoutHistory)))
    ] = Field(default=WithoutHistory.AT_MOST_ONCE, alias="APPGW_WITHOUT_HISTORY")
    allowed_targets: Annotated[Names, AfterValidator(rules.targets)] = Field(
        default=(), alias="APPGW_ALLOWED_TARGETS"
    )
    allowed_channels: Annotated[Names, AfterValidator(rules.ids("CGD", "C0123ABCD"))] = Field(
        default=(), alias="APPGW_ALLOWED_CHANNELS"
    )
    allowed_users: Annotated[Names, AfterValidator(rules.ids("UW", "U0123ABCD"))] = Field(
        default=(), alias="APPGW_ALLOWED_USERS"
    )
    home_team: Annotated[Text, AfterValidator(rules.team)] | None = Field(
        default=None, alias="APPGW_HOME_TEAM"
    )
    asking_bots: Annotated[Names, AfterValidator(rules.ids("BAUW", "B0123ABCD"))] = Field(
        default=(), alias="APPGW_ASKING_BOTS"
    )
    alert_apps: Annotated[Names, AfterValidator(rules.ids("BAUW", "A0123ABCD"))] = Field(
        default=(), alias="APPGW_ALERT_APPS"
    )
    allow_loopback: Switch = Field(default=False, alias="APPGW_ALLOW_LOOPBACK")
    intermediates: (
        Annotated[
            Path,
            BeforeValidator(files.path("/etc/appgw/issuers.pem")),
            AfterValidator(files.intermediates),
        ]
        | None
    ) = Field(default=None, alias="APPGW_INTERMEDIATES")
    aia: Switch = Field(default=False, alias="APPGW_AIA")

    @property
    def secret_values(self) -> tuple[str, ...]:
        """Every secret that was set, unchanged, so that the log can remove them."""
        given = (
            self.slack_bot_token,
            self.slack_app_token,
            self.slack_signing_secret,
            self.azure_static_token,
            self.database_secret,
        )
        values = tuple(one.get_secret_value() for one in given if one)
        return (*values, *rules.passwords_of(self.database_url))

    @property
    def asks_azure(self) -> bool:
        """Whether anything about Azure was set; otherwise the bot does not look for an identity."""
        return bool(_AZURE_FIELDS & self.model_fields_set)

    @property
    def may_probe(self) -> bool:
        """Whether any target may be probed for users in Slack."""
        return bool(self.asks_azure or self.allowed_targets or self.allow_loopback)

    @property
    def idle(self) -> str:
        """The warning for the operator if no target may be probed."""
        return (
            "NOTHING MAY BE PROBED: neither Azure nor an allow-list is set, so every check "
            "is refused; set for example "
            "APPGW_SUBSCRIPTIONS=00000000-0000-0000-0000-000000000000 or "
            "APPGW_ALLOWED_TARGETS=contoso.com."
        )

    @property
    def transport(self) -> Transport:
        """Socket Mode when there is an app token, else HTTP."""
        return Transport.SOCKET if self.slack_app_token else Transport.HTTP

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the operator should know at every start, one sentence each."""
        openings = (
            (
                self.allowed_channels,
                "every channel may use the bot (limit it: APPGW_ALLOWED_CHANNELS=C0123ABCD)",
            ),
            (
                self.allowed_users,
                "every user may use the bot (limit it: APPGW_ALLOWED_USERS=U0123ABCD)",
            ),
            (
                self.home_team,
                (
                    "everybody in the bot's own workspace or organisation may use the bot, "
                    "guests included (limit it: APPGW_HOME_TEAM=T0123ABCD)"
                ),
            ),
        )
        missing = [sentence for given, sentence in openings if not given]
        opened = [f"OPEN ACCESS: {'; '.join(missing)}."] if missing else []
        loopback = [
            (
                "APPGW_ALLOW_LOOPBACK is on: requests from Slack may probe this machine; leave it "
                "off outside a playground."
            )
        ]
        return (
            *opened,
            *([] if self.may_probe else [self.idle]),
            *(loopback if self.allow_loopback else []),
            *self.strange,
        )
