"""One evaluation of one decision table: the least that deciding takes."""

import json

import zen

from deploy.local.bench.measure import Program
from services.workflow.policy.policy import Policy
from services.workflow.policy.table import jdm_of

TABLE = "remedies"


def one_table(policy: Policy) -> Program:
    """One evaluation of one decision table by the engine, without anything around it: no facts are checked, nothing is remembered or explained."""
    table = policy.tables[TABLE]
    engine = zen.ZenEngine().create_decision(json.dumps(jdm_of(table.name, table.rows, table.shape)))
    asked = {column.replace(" ", "_"): values[0] for column, values in table.shape.inputs.items()}
    return lambda: engine.evaluate(asked)
