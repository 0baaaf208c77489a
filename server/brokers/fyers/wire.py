"""What FYERS sends: the frame of every answer, and the documented names of the order socket's own."""

import msgspec

__all__ = ("ORDER_NAMES", "POSITION_NAMES", "TRADE_NAMES", "Answer")

ORDER_NAMES = {
    "client_id": "clientId", "id_parent": "parentId", "id_exchange": "exchOrdId", "qty_remaining": "remainingQuantity",
    "qty_filled": "filledQty", "price_limit": "limitPrice", "price_stop": "stopPrice", "price_traded": "tradedPrice",
    "ord_type": "type", "fy_token": "fyToken", "oms_msg": "message", "offline_flag": "offlineOrder",
    "time_oms": "orderDateTime", "validity": "orderValidity", "product_type": "productType", "tran_side": "side",
    "org_ord_status": "status", "ordertag": "orderTag", "id_fill": "tradeNumber", "qty_traded": "tradedQty",
    "fill_time": "orderDateTime",
}  # fmt: skip
TRADE_NAMES = {
    "id": "orderNumber", "id_exchange": "exchangeOrderNo", "price_traded": "tradePrice", "ord_type": "orderType",
}  # fmt: skip
POSITION_NAMES = {
    "buy_avg": "buyAvg", "buy_qty": "buyQty", "buy_val": "buyVal", "sell_avg": "sellAvg", "sell_qty": "sellQty",
    "sell_val": "sellVal", "net_avg": "netAvg", "net_qty": "netQty", "tran_side": "side",
    "product_type": "productType", "pl_realized": "realized_profit", "pl_unrealized": "unrealized_profit",
    "fy_token": "fyToken", "qty_multiplier": "qtyMulti_com", "cf_buy_qty": "cfBuyQty", "cf_sell_qty": "cfSellQty",
}  # fmt: skip


class Answer(msgspec.Struct):
    """What every answer says of itself."""

    s: str = "ok"
    code: int = 0
    message: str = ""
    id: str | int | None = None
