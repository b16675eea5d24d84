"""What fuzzing begins with: messages of the venue as recorded, where they are at hand, and a few
written here.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
LINES_MOST: Final = 40
"""Of one recording; more of the same teach nothing."""
BYTES_MOST: Final = 20_000

FRAMES: Final = (
    (
        b'{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD",'
        b'"bids":[{"price":2.0,"qty":1}'
        b'],"asks":[{"price":3.0,"qty":0.5}],"checksum":1,'
        b'"timestamp":"2026-07-07T23:00:03.977459Z"}]}'
    ),
    (
        b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":2.5,'
        b'"qty":1.0,"ord_type":"limit","trade_id":7,"timestamp":"2026-07-07T23:00:04.1Z"}]}'
    ),
    b'{"channel":"status","type":"update","data":[{"system":"online","version":"2.0.10"}]}',
    (
        b'{"channel":"instrument","type":"snapshot","data":{"pairs":[{"symbol":"BTC/USD",'
        b'"status":"online"}],"assets":[]}}'
    ),
    b'{"method":"subscribe","success":true,"result":{"channel":"book","symbol":"BTC/USD"}}',
    (
        b'{"channel":"executions","type":"update","sequence":2,"data":[{"order_id":"O1",'
        b'"exec_type":"trade","exec_id":"T1","last_qty":1.5,"last_price":2.0,"cost":3.0,'
        b'"cum_qty":1.5,"fees":[{"asset":"USD","qty":0.01}],"liquidity_ind":"m","side":"buy",'
        b'"symbol":"BTC/USD","order_qty":2,"timestamp":"2026-07-07T23:00:04.123456Z"}]}'
    ),
    (
        b'{"channel":"executions","type":"snapshot","sequence":1,"data":[{"order_id":"O1",'
        b'"exec_type":"canceled","order_status":"canceled","timestamp":"2026-07-07T23:00:04Z"}]}'
    ),
    (
        b'{"channel":"balances","type":"update","sequence":2,"data":[{"ledger_id":"L1","type":'
        b'"deposit","asset":"BTC","amount":1.0,"fee":0.1,"timestamp":"2026-07-07T23:00:04Z"}]}'
    ),
    b'{"method":"add_order","req_id":1,"success":false,"error":"EOrder:Insufficient funds"}',
    # Found by fuzzing: bytes that are no UTF-8.
    b'{"channel":"executions","type":"\xb3"}',
    b'{"method":"\x94"}',
    b'{"channel":"balances","type":"update","sequence":1,"data":[{"ledger_id":"\xff"}]}',
)
_ORDER: Final = (
    b'{"status":"open","descr":{"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"1.5"},'
    b'"vol":"1.0","vol_exec":"0.5","cost":"1","fee":"0","price":"1","opentm":1790000000.1234,'
    b'"oflags":"fcib","cl_ord_id":"a1"}'
)
_PAIR: Final = (
    b'{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","pair_decimals":1,'
    b'"lot_decimals":8,"ordermin":"0.0001","costmin":"0.5","tick_size":"0.1","fees":[[0,0.4]]}'
)
RESULTS: Final = (
    b'{"unixtime":1790000000}',
    b'{"status":"online","timestamp":"2026-07-07T23:00:04Z","upcoming_maintenance":[{}]}',
    b'{"XXBT":{"altname":"XBT","decimals":10,"display_decimals":5}}',
    b'{"XXBTZUSD":' + _PAIR + b"}",
    b'{"asks":[["1.5","2.0",1790000000]],"bids":[["1.4","2.0",1790000000]]}',
    b'[["1.5","2.0",1790000000.123456,"b","m","",7]]',
    b'[[1790000000,"1","2","0.5","1.5","1.2","3",4]]',
    b'{"ZUSD":{"balance":"10.5","hold_trade":"1.0"},"DOT28.S":{"balance":"1"}}',
    b'{"O1":' + _ORDER + b"}",
    (
        b'{"T1":{"ordertxid":"O1","pair":"XXBTZUSD","time":1790000000.5,"type":"buy",'
        b'"ordertype":"limit","price":"1","cost":"1","fee":"0","vol":"1","maker":true}}'
    ),
    (
        b'{"L1":{"refid":"T1","time":1790000000.5,"type":"earn","subtype":"allocation","asset":'
        b'"XXBT.M","amount":"1","fee":"0","balance":"1"}}'
    ),
    b'{"currency":"ZUSD","volume":"1","fees":{"XXBTZUSD":{"fee":"0.4","minfee":"0","maxfee":"1"}}}',
    b'{"permissions":["query-funds"],"api_key_name":"a","valid_until":0,"ip_allowlist":[""]}',
    b'{"token":"abc","expires":900}',
    b'{"count":1,"pending":true}',
    b'{"currentTime":"2026-07-07T23:00:04Z","triggerTime":"0"}',
)
TEXTS: Final = (
    b"EOrder:Insufficient funds",
    b"EService: Throttled: 1790000000",
    b"EGeneral:Invalid arguments:volume",
    b"EAPI:Invalid nonce",
    b"WDatabase:Slow",
    b"EService:Market in cancel_only mode",
)
NUMBERS: Final = (
    b"45285.20000",
    b"0.00005100",
    b"1e-8",
    b"-0.0",
    b"1790000000.123456789",
    b"2026-07-07T23:00:03.977459Z",
    b"2024-02-29T00:00:00Z",
)
FORMS: Final = (
    b"AddOrder\nnonce=1&pair=XBTUSD&type=buy&ordertype=limit&volume=0.01&price=1000&cl_ord_id=a",
    b'AddOrder\n{"nonce":2,"pair":"XBTUSD","type":"sell","ordertype":"market","volume":"0.01"}',
    (b"AddOrderBatch\npair=XBTUSD&orders[0][type]=buy&orders[0][ordertype]=limit&orders[0][price]=9"
    b"&orders[0][volume]=1&orders[1][type]=buy&orders[1][ordertype]=limit&orders[1][volume]=1"),
    (b"AmendOrder\ntxid=OAAAAA-BBBBB-CCCCCC&limit_price=%2b5&order_qty=1&"
     b"deadline=2030-01-01T00:00:00Z"),
    b"EditOrder\ntxid=OAAAAA-BBBBB-CCCCCC&pair=XBTUSD&volume=1&price=-5%25",
    b"CancelOrder\ntxid=1,2", b"CancelAllOrdersAfter\ntimeout=60", b"CancelOrderBatch\norders[]=a",
    b"ClosedOrders\nstart=1&end=2&ofs=0&closetime=both", b"TradesHistory\nofs=50&type=all",
    b"Ledgers\nasset=ZUSD,XXBT&type=trade&start=OAAAAA-BBBBB-CCCCCC", b"QueryOrders\ntxid=a,b",
    b"OHLC\npair=XBTUSD&interval=1&since=0", b"Trades\npair=XBTUSD&since=1&count=10",
    b"Depth\npair=BTC/USD&count=3", b"AssetPairs\npair=XBTUSD&info=fees&assetVersion=1",
    b"Ticker\n", b"TradeVolume\npair=XBTUSD", b"TradeBalance\nasset=ZUSD", b"Spread\npair=XBTUSD",
)  # fmt: skip
ASKED: Final = (
    (
        b'{"method":"add_order","req_id":1,"params":{"order_type":"limit","side":"buy","symbol":'
        b'"BTC/USD","order_qty":0.01,"limit_price":1000,"cl_ord_id":"a","deadline":'
        b'"2030-01-01T00:00:00Z","triggers":{"reference":"last","price":1,"price_type":"pct"}}}'
    ),
    (
        b'{"method":"batch_add","params":{"symbol":"BTC/USD",'
        b'"orders":[{"order_type":"limit","side":'
        b'"buy","order_qty":1,"limit_price":5},{"order_type":"market",'
        b'"side":"sell","order_qty":1}]}}'
    ),
    b'{"method":"amend_order","params":{"order_id":"O1","order_qty":1,"limit_price":2}}',
    b'{"method":"edit_order","params":{"order_id":"O1","symbol":"BTC/USD","order_qty":1}}',
    b'{"method":"cancel_order","params":{"order_id":["O1"],"cl_ord_id":["a"],"order_userref":[1]}}',
    b'{"method":"batch_cancel","params":{"orders":["a","b"]}}',
    b'{"method":"cancel_all_orders_after","params":{"timeout":60}}',
    b'{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10}}',
    b'{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD"],"interval":5}}',
    b'{"method":"ping","req_id":5}',
)
FAULTS: Final = (
    b'[{"where":"ws:add_order","what":"error","text":"EService:Busy","done":true,"every":3}]',
    b'[{"where":"rest:*","what":"delay","seconds":1.5}]',
    b'[{"where":"\x88"}]',
)
HOOKS: Final = (
    b'deposit\n{"asset":"USD","amount":"5"}',
    b'order\n{"pair":"XBTUSD","type":"buy","ordertype":"limit","volume":"1","price":"9"}',
    b'status\n{"status":"post_only","symbol":"BTC/USD"}',
    b'steps\n{"symbol":"BTC/USD","tick":"0.5","lot_decimals":"7"}',
    b'steps\n{"symbol":"BTC/USD","tick":".0"}',
    b'steps\n{"symbol":"BTC/USD","lot_decimals":"40","price_decimals":"-9"}',
    b'trade\n{"symbol":"BTC/USD","price":"9","qty":"1e-11"}',
    b'deposit\n{"asset":"USD","amount":"1e30"}',
    b'trade\n{"symbol":"BTC/USD","price":"9","qty":"1"}',
    b'fill\n{"order_id":"O1","qty":"0.5"}',
    b'halt\n{"on":"false"}',
)
CAPTURES: Final = (
    FRAMES[0] + b"\n" + FRAMES[1] + b"\n",
    FRAMES[0] + b'\n1790000001.000000000! {"type":"\xe9"}\n',
    b"1790000000.123456789: " + FRAMES[0] + b'\n1790000001.000000000! {"type":"passed"}\n',
)


def recordings() -> Path:
    """Where the recorded messages lie; there may be nothing."""
    named = os.environ.get("BALLAST_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder / "kraken" / "protocol"


def recorded() -> Iterator[bytes]:
    """Messages as recorded; a wrapped one is taken out of its wrapping."""
    folder = recordings()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            if ".jsonl" in path.name:
                for _, line in zip(range(200), file, strict=False):
                    yield json.loads(line)["text"].encode()[:BYTES_MOST]
            elif ".ndjson" in path.name or ".ws." in path.name:
                for _, line in zip(range(LINES_MOST), file, strict=False):
                    yield line.rstrip(b"\n")[:BYTES_MOST]
            else:
                yield file.read(BYTES_MOST)
