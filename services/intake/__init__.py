"""Intake: orders in, cases opened, evidence kept, and every act of a customer recorded as a fact on ``aftersales.case.v1``."""
