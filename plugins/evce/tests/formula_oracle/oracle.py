"""Random charging sites, and what their calculated points must show.

Written from the formulas of the points (docs/admin/evce and README.md of the plugin), not from the code of the plugin.
Fractions keep every sum exact. Prints one JSON line for each site:

    {"seed": 7, "polls": [{"zones": [...], "stations": [...]}, ...],
     "expected": [{"z1/ZoneActiveEnergy": ["12.5", "Good"], ...}, ...],
     "samples": {"z1/ZoneActiveEnergy": [["12.5", "Good", 20], ...], ...}}

`polls` are the responses of a controller in the dialect v2-a; `expected` are the points after each of them. An unknown
value is null. `samples` have the seconds since the start of the test.

Arguments: the number of sites, the first seed.
"""

import json
import random
import sys
from fractions import Fraction

STATUSES = {
    "Available": "available", "Charging": "charging", "Faulted": "faulted", "Finishing": "finishing",
    "Preparing": "preparing", "Reserved": "reserved", "SuspendedEV": "suspendedEV",
    "SuspendedEVSE": "suspendedEVSE", "Unavailable": "unavailable",
}
# The polls are at the start and 60 s later; the log has a sample after the first poll and on each full minute.
SAMPLE_SECONDS = [(0, 0), (45, 0), (105, 1)]
# Where nothing is known after the first poll, the log tries each second until something is.
LATE_SAMPLE_SECONDS = [(61, 1), (105, 1)]
GOOD, UNCERTAIN, OFFLINE, ERROR = "Good", "Uncertain", "Offline", "Error"


def random_site(rng):
    """Returns zones of stations of connectors. Some fields are absent, some stations are out of reach."""
    zones, next_station = [], 1
    for zone_id in range(1, rng.randint(1, 4) + 1):
        stations = []
        for _ in range(rng.choice([0, 1, 1, 2, 3, 5])):
            connectors = [random_connector(rng, number) for number in range(1, rng.choice([0, 1, 1, 2, 3]) + 1)]
            link = rng.choices([True, False, None], [85, 10, 5])[0]
            stations.append({"id": next_station, "link": link, "connectors": connectors})
            next_station += 1
        set_point = None if rng.random() < 0.1 else rng.randint(0, 400)
        zones.append({"id": zone_id, "set_point_kw": set_point, "stations": stations})
    return zones


def random_connector(rng, number):
    is_dc = rng.random() < 0.15
    phases = rng.choice([None, "tri"]) if is_dc else rng.choice(["mono1", "mono2", "mono3", "tri", "tri", "TRI"])
    connector = {"number": number, "is_dc": is_dc, "phases": phases}
    measure(rng, connector)
    connector["energy_wh"] = None if rng.random() < 0.05 else rng.randint(0, 90_000_000)
    return connector


def measure(rng, connector):
    """Gives a connector new measured values."""
    connected = connected_phases(connector)
    sends = rng.choice(["all", "all", "connected", "first", "none", "some"])
    for name, value in [("power_w", lambda: rng.randint(0, 220_000) / 10), ("current_a", lambda: rng.randint(0, 64_000) / 1000)]:
        values = {}
        for phase in (1, 2, 3):
            is_sent = {
                "all": True, "connected": phase in connected, "first": phase == 1, "none": False,
                "some": rng.random() < 0.6,
            }[sends]
            if is_sent:
                values[phase] = value()
        connector[name] = values
    connector["total_w"] = rng.randint(0, 1_500_000) / 10 if rng.random() < 0.3 else None
    connector["set_point_a"] = None if rng.random() < 0.1 else rng.randint(0, 640) / 10
    connector["status"] = rng.choice(list(STATUSES))


def next_values(rng, zones):
    """Changes the measured values. Most registers rise; some fall, because the meter was replaced."""
    for zone in zones:
        for station in zone["stations"]:
            if rng.random() < 0.1:
                station["link"] = rng.choice([True, False])
            for connector in station["connectors"]:
                measure(rng, connector)
                energy = connector["energy_wh"]
                if energy is not None and rng.random() < 0.1:
                    connector["energy_wh"] = rng.randint(0, 1_000)
                elif energy is not None:
                    connector["energy_wh"] = energy + rng.randint(0, 5_000)


def responses(zones):
    """Returns the responses of a controller in the dialect v2-a."""
    stations = []
    for zone in zones:
        for station in zone["stations"]:
            body = {
                "id": station["id"], "zoneId": zone["id"], "ocppIdentifier": f"EVSE{station['id']}",
                "connectors": [connector_body(connector) for connector in station["connectors"]],
            }
            if station["link"] is not None:
                body["isConnected"] = station["link"]
            stations.append(body)
    listed = []
    for zone in zones:
        set_point = {} if zone["set_point_kw"] is None else {"power": zone["set_point_kw"]}
        listed.append({"id": zone["id"], "name": f"Z{zone['id']}", "setPoint": set_point})
    return {"zones": listed, "stations": stations}


def connector_body(connector):
    measures = {}
    power = {f"phase{phase}": value for phase, value in connector["power_w"].items()}
    if connector["total_w"] is not None:
        power["total"] = connector["total_w"]
    if power:
        measures["activePower"] = power
    if connector["current_a"]:
        measures["rmsCurrent"] = {f"phase{phase}": value for phase, value in connector["current_a"].items()}
    if connector["energy_wh"] is not None:
        measures["activeEnergy"] = connector["energy_wh"]
    body = {
        "logicalConnector": connector["number"], "isDC": connector["is_dc"], "measures": measures,
        "status": STATUSES[connector["status"]], "availability": "operative",
    }
    if connector["phases"] is not None:
        body["phaseConnection"] = connector["phases"]
    if connector["set_point_a"] is not None:
        body["setPoint"] = {"current": connector["set_point_a"]}
    return body


def connected_phases(connector):
    """Returns the phases that the connector is wired to; all where that is not known."""
    word = (connector["phases"] or "tri").lower()
    return {1, 2, 3} if word == "tri" else {int(word.removeprefix("mono"))}


def exact(number):
    return None if number is None else Fraction(str(number))


def kilo(number):
    return None if number is None else Fraction(str(number)) / 1000


def phase_value(connector, values, phase):
    """A phase that an AC connector is not wired to has the value 0 unless the controller sends another one."""
    if phase in values:
        return values[phase]
    is_wired = connector["is_dc"] or phase in connected_phases(connector)
    return None if is_wired else Fraction(0)


def takes_part(connector, values, phase):
    """A phase that an AC connector is not wired to has no part in the sum of the phase, unless it is sent."""
    return phase in values or connector["is_dc"] or phase in connected_phases(connector)


def is_single_phase(connector):
    return (connector["phases"] or "").lower().startswith("mono")


def connector_power(connector):
    """Total power in kW: of DC the total that is sent, else the three phases, else what is sent."""
    power = {phase: kilo(value) for phase, value in connector["power_w"].items()}
    total = kilo(connector["total_w"])
    if connector["is_dc"] and total is not None:
        return total
    phases = [phase_value(connector, power, phase) for phase in (1, 2, 3)]
    if None not in phases:
        return sum(phases)
    if is_single_phase(connector) and len(power) == 1:
        return next(iter(power.values()))
    return total


def connector_average(connector):
    """Current in A averaged over the wired phases; a connector whose phases are not known is taken to have three.

    A controller may call the only phase of a connector the first one.
    """
    current = {phase: exact(value) for phase, value in connector["current_a"].items()}
    if is_single_phase(connector):
        (phase,) = connected_phases(connector)
        return current.get(phase, next(iter(current.values())) if len(current) == 1 else None)
    return sum(current.values()) / 3 if len(current) == 3 else None


class Sum:
    """A sum of parts, some of which may be unknown."""

    def __init__(self):
        self.total, self.known, self.unknown, self.has_fallen = Fraction(0), 0, 0, False

    def add(self, part, is_known=True):
        if part is not None:
            self.total += part
        if part is not None and is_known:
            self.known += 1
        else:
            self.unknown += 1

    def add_sum(self, other):
        self.total += other.total
        self.known += other.known
        self.unknown += other.unknown
        self.has_fallen |= other.has_fallen

    def shown(self):
        if self.has_fallen:
            return [text(self.total), UNCERTAIN]
        if self.unknown == 0:
            return [text(self.total), GOOD]
        return [None, OFFLINE] if self.known == 0 else [text(self.total), UNCERTAIN]


SUMS = [
    "OverallRmsCurrentPhase1", "OverallRmsCurrentPhase2", "OverallRmsCurrentPhase3", "OverallActivePowerPhase1",
    "OverallActivePowerPhase2", "OverallActivePowerPhase3", "ActiveEnergy", "OverallSetPointCurrent",
    "OverallActivePowerTotal", "OverallRmsCurrentAverage",
]
RECORDED = [name for name in SUMS if name != "OverallSetPointCurrent"]


def station_sums(station, meters):
    sums = {name: Sum() for name in SUMS}
    is_reached = station["link"] is not False

    def add(name, part):
        sums[name].add(part if is_reached else None)

    for connector in station["connectors"]:
        power = {phase: kilo(value) for phase, value in connector["power_w"].items()}
        current = {phase: exact(value) for phase, value in connector["current_a"].items()}
        for phase in (1, 2, 3):
            if takes_part(connector, current, phase):
                add(f"OverallRmsCurrentPhase{phase}", current.get(phase))
            if takes_part(connector, power, phase):
                add(f"OverallActivePowerPhase{phase}", power.get(phase))
        if not connector["is_dc"]:
            add("OverallSetPointCurrent", exact(connector["set_point_a"]))
        add("OverallActivePowerTotal", connector_power(connector))
        add("OverallRmsCurrentAverage", connector_average(connector))
        counted, has_fallen = count_energy(meters, (station["id"], connector["number"]), kilo(connector["energy_wh"]))
        # The register of a station without a link stays in the sum as it was, and makes it uncertain.
        sums["ActiveEnergy"].add(counted, is_known=is_reached and connector["energy_wh"] is not None)
        sums["ActiveEnergy"].has_fallen |= has_fallen
    return sums


def count_energy(meters, key, register):
    """Continues the energy of a connector where its register falls. Returns it, and whether it fell."""
    last, offset = meters.get(key, (register, Fraction(0)))
    if register is None:
        return None, False
    has_fallen = register < last
    if has_fallen:
        offset += last - register
    meters[key] = (register, offset)
    return register + offset, has_fallen


def expected_points(zones, meters):
    """Returns each calculated point with its value and state."""
    points = {}
    site_power, site_set_point, station_count, connector_count = Sum(), Sum(), 0, 0
    for zone in zones:
        zone_path, zone_sums, zone_connectors = f"z{zone['id']}", {name: Sum() for name in SUMS}, 0
        for station in zone["stations"]:
            path, sums = f"{zone_path}/s{station['id']}", station_sums(station, meters)
            is_reached = station["link"] is not False
            for name in SUMS:
                points[f"{path}/Station{name}"] = sums[name].shown() if is_reached else [None, OFFLINE]
                zone_sums[name].add_sum(sums[name])
            points[f"{path}/StationNumberOfConnectors"] = [str(len(station["connectors"])), GOOD]
            zone_connectors += len(station["connectors"])
            for connector in station["connectors"]:
                points.update(connector_points(f"{path}/c{connector['number']}", station, connector))
        for name in SUMS:
            points[f"{zone_path}/Zone{name}"] = zone_sums[name].shown()
        points[f"{zone_path}/ZoneNumberOfStations"] = [str(len(zone["stations"])), GOOD]
        points[f"{zone_path}/ZoneNumberOfConnectors"] = [str(zone_connectors), GOOD]
        site_power.add_sum(zone_sums["OverallActivePowerTotal"])
        site_set_point.add(exact(zone["set_point_kw"]))
        station_count += len(zone["stations"])
        connector_count += zone_connectors
    points["zones/SiteOverallActivePowerTotal"] = site_power.shown()
    points["zones/SiteSetPointPower(kW)"] = site_set_point.shown()
    for name, count in [("Zones", len(zones)), ("Stations", station_count), ("Connectors", connector_count)]:
        points[f"zones/SiteNumberOf{name}"] = [str(count), GOOD]
    return points


def connector_points(path, station, connector):
    is_reached = station["link"] is not False

    def shown(value):
        if not is_reached:
            return [None, OFFLINE]
        if value is None:
            return [None, OFFLINE if connector["is_dc"] else ERROR]
        return [text(value), GOOD]

    points = {
        f"{path}/ConnectorOverallActivePowerTotal": shown(connector_power(connector)),
        f"{path}/ConnectorOverallRmsCurrentAverage": shown(connector_average(connector)),
    }
    for name in ("power_w", "current_a"):
        values = {phase: (kilo if name == "power_w" else exact)(value) for phase, value in connector[name].items()}
        for phase in (1, 2, 3):
            point = f"OverallActivePower{phase}" if name == "power_w" else f"OverallRmsCurrentPhase{phase}"
            points[f"{path}/Connector{point}"] = shown(phase_value(connector, values, phase))
    for status in STATUSES:
        is_it = str(status == connector["status"]).lower()
        points[f"{path}/ConnectorState_{status}"] = [is_it, GOOD] if is_reached else [None, OFFLINE]
    return points


def is_recorded(point):
    name = point.rpartition("/")[2]
    return name.removeprefix("Station") in RECORDED or name.removeprefix("Zone") in RECORDED


def expected_samples(polls):
    """Returns the samples of each recorded value. An unknown value begins a gap with one sample of the last one."""
    histories = [point for point in polls[0] if is_recorded(point)]
    is_any_known = any(polls[0][point][1] != OFFLINE for point in histories)
    samples = {}
    for point in histories:
        recorded, last, flows = [], None, False
        for second, poll in SAMPLE_SECONDS if is_any_known else LATE_SAMPLE_SECONDS:
            value, state = polls[poll][point]
            if state == OFFLINE:
                if flows:
                    recorded.append([last, OFFLINE, second])
                flows = False
            else:
                recorded.append([value, state, second])
                last, flows = value, True
        samples[point] = recorded
    return samples


def text(value):
    """Returns the shortest text of the double that is nearest to a fraction."""
    return repr(float(value))


def main():
    count, first = int(sys.argv[1]), int(sys.argv[2])
    for seed in range(first, first + count):
        rng = random.Random(seed)
        zones, meters, polls, expected = random_site(rng), {}, [], []
        for poll in range(2):
            if poll:
                next_values(rng, zones)
            polls.append(responses(zones))
            expected.append(expected_points(zones, meters))
        line = {"seed": seed, "polls": polls, "expected": expected, "samples": expected_samples(expected)}
        print(json.dumps(line), flush=True)


main()
