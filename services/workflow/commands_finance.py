"""`aftersales finance`: the books, what must be paid by hand, and whether all records of the same money agree."""

from cyclopts import App

from services.workflow.finance_commands import books, files, paying, reconciling, refund, tasks

finance_app = App(name="finance", help="The books, payouts, reconciliation, and files of them.", help_format="plaintext")

finance_app.command(books.ledger)
finance_app.command(books.journal)
finance_app.command(books.accounts)
finance_app.command(tasks.tasks)
finance_app.command(tasks.resolve)
finance_app.command(refund.refund)
finance_app.command(reconciling.reconcile)
finance_app.command(reconciling.breaks)
finance_app.command(files.export)
finance_app.command(files.credit_note, name="credit-note")
finance_app.command(paying.payouts)
finance_app.command(paying.pay)
