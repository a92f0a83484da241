"""The composition root of the processes: joins activities to the records, and both to a Temporal worker."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from contracts.merchant import load_merchants
from services.kit.postgres import Pool
from services.kit.workflow_runner import ForgettingRunner
from services.workflow.activities.approvals import ApprovalActivities
from services.workflow.activities.cases import CaseActivities
from services.workflow.activities.reconciliation import ReconciliationActivities
from services.workflow.activities.refunds import RefundActivities
from services.workflow.activities.reships import ReshipActivities
from services.workflow.activities.returns import ReturnActivities
from services.workflow.adapters.approval_steps import PostgresApprovalSteps
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.books import Books, open_books
from services.workflow.adapters.cases import CaseBook
from services.workflow.adapters.daily_reconciling import DailyReconciliation
from services.workflow.adapters.deciding import Deciding
from services.workflow.adapters.providers import Providers
from services.workflow.adapters.published_entries import KafkaLedger
from services.workflow.adapters.reconciling import Reconciling
from services.workflow.adapters.refund_steps import PostgresRefundSteps
from services.workflow.adapters.refunds import PostgresRefunds
from services.workflow.adapters.steps import CaseTransactions, ReshipTransactions, ReturnTransactions
from services.workflow.adapters.work_items import WorkItemBook
from services.workflow.policy.registry import BUILT_IN, load_packs
from services.workflow.settings import WorkflowSettings
from services.workflow.workflows.after_sales_case import AfterSalesCase
from services.workflow.workflows.issue_refund import IssueRefund
from services.workflow.workflows.reconcile_daily import ReconcileDaily
from services.workflow.workflows.reship_goods import ReshipGoods
from services.workflow.workflows.return_goods import ReturnGoods

WORKFLOWS = (AfterSalesCase, IssueRefund, ReturnGoods, ReshipGoods, ReconcileDaily)
WORKFLOW_RUNNER = ForgettingRunner()

_WORKFLOW_THREADS = 4
"""How many threads run workflow code, of which one at a time holds the interpreter. Without a bound there come to be 500, each with memory of its own."""


def books_of(pool: Pool, settings: WorkflowSettings, providers: Providers) -> Books:
    """The books, with the merchants and policies of the installation.

    Raises ``MerchantsFileError`` or ``PackError`` with the place of what is wrong.
    """
    deciding = Deciding(load_merchants(settings.merchants_file), load_packs(BUILT_IN, *settings.more_policy_packs))
    cases = CaseBook()
    work_items = WorkItemBook(cases)
    return open_books(pool, deciding, PostgresRefunds(cases, work_items, providers.serves), cases, work_items)


def build_worker(client: Client, books: Books, providers: Providers, settings: WorkflowSettings) -> Worker:
    """The worker of all processes of the service."""
    bookkeeper = Bookkeeper(books.deciding.merchants)
    refunds = RefundActivities(PostgresRefundSteps(books.pool, books.cases, books.work_items, bookkeeper, providers.serves), providers)
    published = KafkaLedger(settings.kafka_bootstrap_servers)
    reconciling = Reconciling(books.pool, books.work_items, providers.all(), published)
    activities = (
        *CaseActivities(CaseTransactions(books)).all(),
        *ReturnActivities(ReturnTransactions(books)).all(),
        *ReshipActivities(ReshipTransactions(books)).all(),
        *ApprovalActivities(PostgresApprovalSteps(books.pool, books.cases)).all(),
        *refunds.all(),
        *ReconciliationActivities(DailyReconciliation(books.pool, reconciling)).all(),
    )
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=activities,
        workflow_task_executor=ThreadPoolExecutor(_WORKFLOW_THREADS, thread_name_prefix="workflow-task"),
        workflow_runner=WORKFLOW_RUNNER,
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_activities=settings.max_concurrent_activities,
        graceful_shutdown_timeout=timedelta(seconds=20),
    )
