"""Intake put together: stores, files, keys and use cases, from its settings and a pool."""

from dataclasses import dataclass

from contracts.identifiers import MerchantId
from contracts.merchant import Merchant, load_merchants
from services.intake.adapters.case_numbers import PostgresCaseNumbers
from services.intake.adapters.case_reader import CaseReader
from services.intake.adapters.case_tokens import JwtCaseTokens
from services.intake.adapters.cases import PostgresCases
from services.intake.adapters.contacts import PostgresContacts
from services.intake.adapters.credentials import Credentials
from services.intake.adapters.evidence_files import EvidenceStore
from services.intake.adapters.evidence_rows import PostgresEvidence
from services.intake.adapters.identity_checks import PostgresIdentityChecks
from services.intake.adapters.openings import PostgresOpenings
from services.intake.adapters.order_looks import SharedLooks
from services.intake.adapters.orders import PostgresOrders
from services.intake.adapters.refunds import PostgresRefunds
from services.intake.api_callers import Doorman
from services.intake.domain.errors import NotAuthenticatedError
from services.intake.domain.identity import IdentityHasher
from services.intake.handlers.act_on_case import ActOnCase
from services.intake.handlers.add_evidence import AddEvidence
from services.intake.handlers.erase_contact import EraseContact
from services.intake.handlers.identify import Identify
from services.intake.handlers.open_case import OpenCase
from services.intake.handlers.orders import RecordOrders
from services.intake.settings import IntakeSettings, key_bytes
from services.kit.postgres import Pool
from services.kit.sealing import Sealer
from services.kit.settings import SettingsError
from services.kit.tokens import StaffTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything the edges need."""

    settings: IntakeSettings
    pool: Pool
    merchants: dict[MerchantId, Merchant]
    credentials: Credentials
    doorman: Doorman
    files: EvidenceStore
    orders: PostgresOrders
    looks: SharedLooks
    cases: PostgresCases
    refunds: PostgresRefunds
    reader: CaseReader
    record_orders: RecordOrders
    open_case: OpenCase
    act_on_case: ActOnCase
    add_evidence: AddEvidence
    identify: Identify
    erase_contact: EraseContact

    def merchant(self, merchant_id: MerchantId) -> Merchant:
        """A configured merchant. Raises ``NotAuthenticatedError``: a credential of one that is configured nowhere is good for nothing."""
        try:
            return self.merchants[merchant_id]
        except KeyError:
            raise NotAuthenticatedError("The merchant of this credential is not configured here.") from None


def build_house(settings: IntakeSettings, pool: Pool) -> House:
    """Put intake together. Raises ``SettingsError``, ``MerchantsFileError``, ``KeysFileError``."""
    if settings.contact_key is None:
        raise SettingsError("AFTERSALES_CONTACT_KEY: is missing: intake seals contacts with it")
    merchants = load_merchants(settings.merchants_file)
    credentials = Credentials.load(settings.credentials_file)
    hasher = IdentityHasher(key_bytes(settings.identity_key))
    tokens = JwtCaseTokens(key_bytes(settings.token_key))
    staff = StaffTokens(settings.staff_public_key) if settings.staff_public_key else None
    orders, contacts, cases, refunds = PostgresOrders(), PostgresContacts(), PostgresCases(), PostgresRefunds()
    looks = SharedLooks(pool)
    files = EvidenceStore(settings.evidence_dir)
    acting = ActOnCase(pool, cases, orders, refunds)
    return House(
        settings=settings,
        pool=pool,
        merchants=merchants,
        credentials=credentials,
        doorman=Doorman(credentials, staff, tokens),
        files=files,
        orders=orders,
        looks=looks,
        cases=cases,
        refunds=refunds,
        reader=CaseReader(pool),
        record_orders=RecordOrders(orders, contacts, hasher, Sealer.parse(settings.contact_key.get_secret_value())),
        open_case=OpenCase(pool, orders, looks, cases, PostgresOpenings(), PostgresCaseNumbers(pool), merchants, settings),
        act_on_case=acting,
        add_evidence=AddEvidence(pool, acting, files, PostgresEvidence(), settings),
        identify=Identify(pool, PostgresIdentityChecks(), hasher, tokens, merchants, settings),
        erase_contact=EraseContact(pool, contacts),
    )
