"""A charge controller with an API of its own, written from ../../PROFILES.md alone, for the test of that document.

It shares no code with the plugin or its simulator. Usage: server.py CLOCK_MS, where CLOCK_MS is the fixed time of its
clock in milliseconds since 1970. It prints its address as one line and ends with its standard input.
"""

import datetime
import email.utils
import http.server
import json
import sys
import threading
import urllib.parse

KEY = "gateway:open sesame"
PAGE_SIZE = 2
CET = datetime.timezone(datetime.timedelta(hours=1))

now = datetime.datetime.fromtimestamp(int(sys.argv[1]) / 1000, datetime.timezone.utc)


def local(moment):
    return moment.astimezone(CET).strftime("%d.%m.%Y %H:%M:%S")


AREAS = [
    {"ref": "10", "caption": "North", "steering": "fix", "fuse_mA": 63000, "running": 1,
     "budget": {"mA": 63000, "W": 43000}, "cap": None},
    {"ref": "20", "caption": "S\u00fcd", "steering": "folgend", "fuse_mA": 125000, "running": 0,
     "budget": {"mA": 100000, "W": 69000},
     "cap": {"share": 0.8, "until": "06.01.2026 12:00:00", "note": "peak@tariff", "sort": "Anteil"}},
    {"ref": "30", "caption": "Leer", "steering": "fix", "fuse_mA": 16000, "running": 0,
     "budget": {"mA": 16000, "W": 11000}, "cap": None},
]


def charger(ref, area, line):
    return {"ref": ref, "area": area, "wire": "OCPP/1.6J", "id": f"CP-{ref}", "caption": f"Box {ref}",
            "sn": f"SN{ref}", "type": "Wallbox 22", "fw": "2.4", "ip": "10.1.0." + ref, "cpo": "",
            "cpo_ok": "nein", "line": line, "health": "frei", "access": {"on": "alle", "off": "niemand"}}


CHARGERS = [charger("7", "10", "verbunden"), charger("8", "10", "verbunden"),
            charger("9", "20", "verbunden")]


def plug(charger_ref, number, kind, state, phases):
    return {"charger": charger_ref, "nr": number, "kind": kind, "fixed": 0, "state": state, "mode": "on",
            "phases": phases, "max_mA": 32000, "budget": {"mA": 16000, "W": 11000},
            "load": [{"W": "1.500,5", "mA": "6522"}, {"W": "0", "mA": "0"}, {"W": "0,0", "mA": "0"}],
            "counter": "12.345,6", "at": local(now)}


PLUGS = [plug("7", 1, "wechselstrom", "laedt", 1), plug("7", 2, "wechselstrom", "frei", 3),
         plug("8", 1, "wechselstrom", "stoerung", 3), plug("9", 1, "gleichstrom", "frei", 3),
         plug("9", 2, "wechselstrom", "gesperrt", 1)]
# A direct current plug has its limit in watts and its load as a whole.
PLUGS[3].update(max_mA=None, max_W=150000, load=None, sum_W="3.000", budget={"mA": None, "W": 150000})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        return email.utils.format_datetime(now, usegmt=True)

    def log_message(self, *_):
        pass

    def send(self, status, document=None):
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Gateway-Release", "3.2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, kind, text):
        self.send(status, {"problem": {"kind": kind, "text": text}})

    def page(self, name, everything):
        query = urllib.parse.parse_qs(self.url.query)
        first = int(query.get("from", ["0"])[0])
        following = first + PAGE_SIZE
        more = str(following) if following < len(everything) else None
        self.send(200, {"result": {name: everything[first:following], "more": more}})

    def handle_request(self):
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length).decode()
        self.url = urllib.parse.urlsplit(self.path)
        if self.headers.get("X-Gateway-Key") != KEY:
            return self.refuse(401, "key", "the key is wrong")
        parts = [urllib.parse.unquote(part) for part in self.url.path.split("/")[2:]]
        match self.command, parts:
            case "GET", ["areas"]:
                return self.page("areas", AREAS)
            case "GET", ["chargers"]:
                return self.page("chargers", CHARGERS)
            case "GET", ["plugs"]:
                return self.page("plugs", PLUGS)
            case "PATCH", ["areas", ref]:
                return self.cap(ref)
            case "POST", ["chargers", ref, "plugs", number, "mode"]:
                return self.mode(ref, int(number))
        return self.refuse(404, "path", f"nothing at {self.path}")

    def cap(self, ref):
        area = next((area for area in AREAS if area["ref"] == ref), None)
        if area is None:
            return self.refuse(404, "area", "no such area")
        cap = json.loads(self.body)["cap"]
        if cap is not None:
            if not 0 <= cap["share"] <= 1 or set(cap) != {"share", "minutes", "note"}:
                return self.refuse(422, "cap", "a cap has a share from 0 to 1, minutes and a note")
            until = now + datetime.timedelta(minutes=int(cap["minutes"]))
            cap = {"share": cap["share"], "until": local(until), "note": cap["note"], "sort": "Anteil"}
        area["cap"] = cap
        return self.send(200, {"result": {"status": "done"}})

    def mode(self, ref, number):
        found = next((plug for plug in PLUGS if (plug["charger"], plug["nr"]) == (ref, number)), None)
        if found is None:
            return self.refuse(404, "plug", "no such plug")
        [mode] = urllib.parse.parse_qs(self.body)["mode"]
        if mode not in ("on", "off"):
            return self.refuse(422, "mode", "a mode is on or off")
        if found["state"] == "laedt":
            return self.send(200, {"result": {"status": "queued"}})
        found["mode"] = mode
        return self.send(200, {"result": {"status": "done"}})

    do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = handle_request


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{server.server_port}/gw", flush=True)
sys.stdin.read()
