"""`aftersales policy`: what policy packs say, whether they are sound, what they decide, and what a change would have changed."""

from cyclopts import App

from services.workflow.policy_commands import explaining, packs, rules, testing, trying

policy_app = App(name="policy", help="Policy packs: read, check, test them, and try out a change on past cases.", help_format="plaintext")

policy_app.command(packs.list_packs, name="list")
policy_app.command(packs.show)
policy_app.command(packs.check)
policy_app.command(explaining.explain)
policy_app.command(packs.diff)
policy_app.command(testing.run_tests, name="test")
policy_app.command(rules.rules)
policy_app.command(trying.dry_run, name="dry-run")
