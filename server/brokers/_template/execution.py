"""The order side: only how the wire speaks; what it means is `kit.execution.BrokerExecution`'s.

| method | |
|---|---|
| send_place, send_modify, send_cancel | required; through `self.http.order`, once |
| read_orders, read_trades, read_positions, read_funds | required; through `self.http.read` |
| read_one | where the broker can be asked for one order by our id |
| run_updates | where it pushes; calls `up` after every connect, so that the books are read |
| execution_id | where the broker's own execution ids are unique for ever |
| product, money | where its words or its pots of money differ |
"""

from server.brokers.kit.execution import BrokerExecution

__all__ = ("TemplateExecution",)


class TemplateExecution(BrokerExecution):
    """Implements `orders.ports.Execution` once the methods above are written."""
