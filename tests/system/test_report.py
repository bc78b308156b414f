# SPDX-License-Identifier: BSD-3-Clause
"""The HTML report of a scan, in a browser: every number of the page is that of the JSON; sorting, zoom, flicker, slider,
theme and choice work; the console stays empty. Without Debian's chromium, chromium-driver and python3-selenium only the
file is looked at."""
import base64
import json
import math
import re
import struct
import time
import zlib

import pytest

from test_cli_json import validate


def png(rows):
    def piece(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    raw = b"".join(b"\0" + bytes(row) for row in rows)
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", head) + piece(b"IDAT", zlib.compress(raw)) + piece(b"IEND", b"")).decode()


def quantity(name, effect, sigma):
    verdict = "pass" if effect < 0.12 else "fail" if effect > 0.25 else "undecided"
    return {"name": name, "reference": 1.0, "test": 1 + effect * sigma, "difference": effect * sigma, "sigma": sigma, "z": effect * 5,
            "budget": 0.2, "systematic": effect, "random": effect * 1.4, "verdict": verdict, "pass": verdict == "pass"}


BANDS = {"noise": 0.8, "half dose": 0.9, "resampled": 0.7}
FAMILIES = [{"name": "lossless", "help": "as it is", "parameter": "", "unit": "", "lossless": True},
            {"name": "quantise", "help": "step in sigma", "parameter": "step", "unit": "sigma", "lossless": False},
            {"name": "jpeg2000", "help": "by ratio", "parameter": "ratio", "unit": "", "lossless": False}]


def points():
    made = []
    for f in FAMILIES:
        for k in range(1 if f["lossless"] else 5):
            effect = 0 if f["lossless"] else 0.01 * 3 ** k * (1 if f["name"] == "quantise" else 1.6)
            quantities = [quantity("porosity", effect, 0.01), quantity("slice_noise", 0.7 * effect, 0.02)]
            verdicts = [q["verdict"] for q in quantities]
            quantities.append(dict.fromkeys(quantities[0], None) | {"name": "threshold", "verdict": "not judged"})
            made.append({
                "id": len(made), "family": f["name"], "pipeline": "photon" if f["lossless"] else f"{f['name']} step={0.25 * 2 ** k} | photon <&>",
                "value": None if f["lossless"] else 0.25 * 2 ** k, "ratio": 2.2 if f["lossless"] else 2.41 * 1.53 ** k * (1 if f["name"] == "quantise" else 0.8),
                "bpp": 7.0 / (k + 1), "stored_bytes": 1000 * (20 - k), "encode_MBps": 400.5, "decode_MBps": 901.25,
                "verdict": "fail" if "fail" in verdicts else "undecided" if "undecided" in verdicts else "pass",
                "reason": "porosity changed" if "fail" in verdicts else None, "metrics": {"psnr_range": None if f["lossless"] else 60 - 6.5 * k, "ssim": 1 - 0.0001 * 4 ** k},
                "quantities": quantities, "truth": [{"name": "porosity", "reference": 0.5, "test": 0.25 + effect}],
                "curves": [{"name": "g2", "part": 1, "values": [1 + 0.3 * math.exp(-0.1 * i) * (1 + effect) for i in range(40)]}]})
    return made


@pytest.fixture(scope="module")
def scan():
    all_points = points()
    best = []
    for f in FAMILIES:
        good = [p for p in all_points if p["family"] == f["name"] and p["verdict"] == "pass"]
        best.append({"family": f["name"], "point": max(good, key=lambda p: p["ratio"])["id"], "reason": None})
    winner = max((p for p in all_points if p["verdict"] == "pass"), key=lambda p: p["ratio"])
    black, white = [[0] * 32] * 24, [[255] * 32] * 24
    previews = [{"point": None, "kind": "reference", "frame": 3, "rows": 24, "columns": 32, "low": 0, "high": 4000, "png": png(black)}]
    for b in best:
        previews += [{"point": b["point"], "kind": kind, "frame": 3, "rows": 24, "columns": 32, "low": low, "high": high, "png": png(white)}
                     for kind, low, high in (("test", 0, 4000), ("residual", -5, 5))]
    return {"format": "beampress explore 1", "sentence": "Safe up to 5.6: </script><b>porosity</b> stays.", "program": "beampress", "version": "0.1.0", "libraries": {"hdf5": "1.10"},
            "command": "beampress explore scan.h5 --science ct", "input": {"file": "scan.h5", "dataset": "/entry/data/data", "dtype": "uint16", "shape": [100, 24, 32],
                                                                          "raw_bytes": 153600, "hash": "0123456789abcdef", "simulated": True},
            "sample": {"frames": 100, "how": "all", "unit": "detector rows", "units": 20, "held_out": 12}, "science": [{"technique": "ct", "params": "filter=ramp", "sigma": "jackknife over rows"}],
            "budgets": {"systematic": 0.2, "random": 0.3, "confidence": 0.95}, "families": FAMILIES, "points": all_points, "best": best,
            "winner": {"point": winner["id"], "confirmed": True, "sentence": "Largest effect 0.05 sigma.", "quantities": winner["quantities"]},
            "band": [{"kind": kind, "name": "porosity", "part": None, "systematic": much, "random": 1.4} for kind, much in BANDS.items()],
            "bands": [{"kind": kind, "how": "drawn again", "metrics": None if kind == "resampled" else {"psnr_range": 40 * much, "ssim": much},
                       "curves": [{"name": "g2", "part": 1, "values": [1 + 0.3 * math.exp(-0.1 * i) + 0.01 * much for i in range(40)]}]} for kind, much in BANDS.items()],
            "curves": [{"name": "g2", "unit": "", "axis": "delay (s)", "part": 1, "at": [0.01 * i for i in range(40)], "values": [1 + 0.3 * math.exp(-0.1 * i) for i in range(40)], "sigma": [0.01] * 40}],
            "previews": previews, "cost": {"seconds": 41.0, "steps": 38.0, "analyses": 20, "cached": 0, "stopped": None}}


@pytest.fixture(scope="module")
def page(beampress, scan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "scan.json").write_text(json.dumps(scan))
    done = beampress("report", "scan.json", "scan.html", "--json", cwd=folder).json
    validate("report", done)
    assert done["points"] == len(scan["points"])
    return folder / "scan.html", done["plots"]


@pytest.fixture(scope="module")
def browser(page):
    webdriver = pytest.importorskip("selenium.webdriver", reason="SKIP: no python3-selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1000", "--force-prefers-reduced-motion"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    try:
        from selenium.webdriver.chrome.service import Service
        driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    except Exception as error:  # whatever a missing browser raises
        pytest.skip(f"SKIP: no browser: {str(error).splitlines()[0]}")
    driver.get(page[0].as_uri())
    yield driver
    driver.quit()


def find(browser, selector):
    return browser.find_elements("css selector", selector)


def click(browser, selector):
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def test_the_file_needs_nothing_else(page, scan):
    text = page[0].read_text()
    assert len(text) < 1_000_000 and not re.search(r"""(?:src|href)=["'](?!data:)""", re.sub(r"<script>.*?</script>", "", text, flags=re.S))
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S).group(1)
    assert json.loads(held) == scan and "<" not in held


def test_other_files_are_refused(beampress, page, scan):
    folder = page[0].parent
    broken = dict(scan, budgets={"systematic": "small", "random": 1})
    for name, text, words in (("no.json", "{", "line"), ("list.json", "[]", "no scan"), ("old.json", json.dumps(dict(scan, format="x")), "format"),
                              ("broken.json", json.dumps(broken), "budgets.systematic"),
                              ("id.json", json.dumps(dict(scan, points=scan["points"][1:])), "points[0].id")):
        (folder / name).write_text(text)
        said = beampress("report", name, "x.html", cwd=folder, code=3).stderr
        assert words in said and name in said, said
    beampress("report", "nowhere.json", "x.html", cwd=folder, code=3)
    assert "exists" in beampress("report", "scan.json", "scan.html", cwd=folder, code=5).stderr
    beampress("report", "scan.json", "scan.json", "--overwrite", cwd=folder, code=2)
    assert not (folder / "x.html").exists()


def test_every_number_is_that_of_the_scan(browser, scan):
    assert find(browser, "h1")[0].text == scan["sentence"]
    heads = [th.text for th in find(browser, "#points thead th")]
    for tr in find(browser, "#points tbody tr"):
        p = scan["points"][int(tr.get_attribute("data-id"))]
        cells = dict(zip(heads, tr.find_elements("css selector", "td")))
        wanted = {"id": p["id"], "value": p["value"], "ratio": p["ratio"], "bpp": p["bpp"], "encode MB/s": p["encode_MBps"], "decode MB/s": p["decode_MBps"],
                  "psnr_range": p["metrics"]["psnr_range"], "ssim": p["metrics"]["ssim"],
                  "worst effect / budget": max(q["systematic"] / q["budget"] for q in p["quantities"] if q["budget"])}
        for name, value in wanted.items():
            told = cells[name].get_attribute("data-value")
            assert (told is None and cells[name].text == "–") if value is None else float(told) == pytest.approx(value, rel=1e-11), name
            assert value is None or float(cells[name].text) == pytest.approx(value, rel=1e-3)
        assert cells["verdict"].text == p["verdict"] and cells["pipeline"].text == p["pipeline"] and cells["family"].text == p["family"]
    chosen = scan["points"][scan["winner"]["point"]]
    rows = [[td.get_attribute("data-value") or td.text for td in tr.find_elements("css selector", "td")] for tr in find(browser, "#quantities tbody tr")]
    for row, q in zip(rows, chosen["quantities"]):
        wanted = [q[k] for k in ("reference", "test", "difference", "sigma", "z", "systematic", "random", "budget")]
        assert row[0] == q["name"] and [None if v == "–" else float(v) for v in row[1:9]] == [v if v is None else pytest.approx(v, rel=1e-11) for v in wanted]
        assert row[9] == q["verdict"]
    assert len(rows) == 3 and "confirmed" in find(browser, "#confirmed")[0].text
    told = find(browser, "#how")[0].text
    assert scan["input"]["hash"] in told and scan["command"] in told and "jackknife over rows" in told


def test_plots_show_the_points(browser, scan, page):
    if not page[1]:
        pytest.skip("SKIP: built without Chart.js")
    drawn = browser.execute_script(
        "return beampress.state.charts.science.data.datasets.map(d => [d.label, d.data.map(p => [p.x, p.y, p.id ?? null])])")
    drawn = dict(drawn)
    for f in FAMILIES:
        for x, y, id in drawn[f["name"]]:
            p = scan["points"][id]
            assert x == pytest.approx(p["ratio"]) and y == pytest.approx(max(1e-3, max(q["systematic"] / q["budget"] for q in p["quantities"] if q["budget"])))
    assert {y for _, y, _ in drawn["budget"]} == {1}
    bands = {name: points for name, points in drawn.items() if name.startswith("no compression")}
    assert sorted(points[0][1] for points in bands.values()) == pytest.approx(sorted(much / 0.2 for much in BANDS.values()))
    ssim = browser.execute_script("""const m = document.getElementById('metric'); m.value = 'ssim'; m.dispatchEvent(new Event('change'));
        return beampress.state.charts.distortion.data.datasets.flatMap(d => d.data.map(p => [p.id ?? -1, p.y]))""")
    assert sorted(row for row in ssim if row[0] >= 0) == [[p["id"], p["metrics"]["ssim"]] for p in scan["points"]]
    assert {y for id, y in ssim if id < 0} == {BANDS["noise"], BANDS["half dose"]}


def test_curves_carry_the_bands(browser, scan, page):
    if not page[1]:
        pytest.skip("SKIP: built without Chart.js")
    read = """const c = document.getElementById('curve-difference'); c.checked = arguments[0]; c.dispatchEvent(new Event('change'));
        return beampress.state.charts['curve-plot'].data.datasets.filter(d => d.label.startsWith('no compression')).map(d => [d.label, d.data.map(p => p.y)])"""
    drawn = dict(browser.execute_script(read, False))  # delays are drawn on a logarithmic axis, without 0
    assert len(drawn) == len(BANDS) and drawn["no compression: half the dose"] == pytest.approx(scan["bands"][1]["curves"][0]["values"][1:])
    drawn = dict(browser.execute_script(read, True))
    assert drawn["no compression: units drawn again"] == pytest.approx([0.7] * 39)
    browser.execute_script(read, False)


def test_sorting(browser, scan):
    def ids():
        return [int(tr.get_attribute("data-id")) for tr in find(browser, "#points tbody tr")]

    assert ids() == [p["id"] for p in sorted(scan["points"], key=lambda p: -p["ratio"])]
    heads = find(browser, "#points thead th button")
    ssim = next(b for b in heads if b.text == "ssim")
    ssim.send_keys("\n")  # by keyboard
    assert ids() == [p["id"] for p in sorted(scan["points"], key=lambda p: -p["metrics"]["ssim"])]
    ssim.send_keys("\n")
    assert ids() == [p["id"] for p in sorted(scan["points"], key=lambda p: p["metrics"]["ssim"])]
    assert find(browser, "#points thead th[aria-sort=ascending]")[0].text == "ssim"


def test_families_are_chosen(browser, scan):
    click(browser, "#families input[data-family=jpeg2000]")
    left = {scan["points"][int(tr.get_attribute("data-id"))]["family"] for tr in find(browser, "#points tbody tr")}
    assert left == {"lossless", "quantise"}
    click(browser, "#families input[data-family=jpeg2000]")
    assert len(find(browser, "#points tbody tr")) == len(scan["points"])


def test_a_row_is_chosen(browser, scan):
    other = scan["best"][2]["point"]
    row = find(browser, f"#points tbody tr[data-id='{other}']")[0]
    row.send_keys("\n")
    assert find(browser, "#one-pipeline code")[0].text == scan["points"][other]["pipeline"]
    assert browser.execute_script("return document.getElementById('picture').value") == str(other)
    assert find(browser, "tr[aria-selected=true]")[0].get_attribute("data-id") == str(other)


def test_zoom(browser, page):
    if not page[1]:
        pytest.skip("SKIP: built without Chart.js")
    span = "const s = beampress.state.charts.science.scales.x; return [s.min, s.max]"
    before = browser.execute_script(span)
    find(browser, ".zoom[data-for=science] button")[0].send_keys("\n")
    near = browser.execute_script(span)
    assert before[0] < near[0] < near[1] < before[1]
    find(browser, ".zoom[data-for=science] button")[2].send_keys("\n")
    assert browser.execute_script(span) == before
    from selenium.webdriver import ActionChains
    canvas = find(browser, "#science")[0]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(browser).move_to_element_with_offset(canvas, -100, -60).click_and_hold().move_by_offset(200, 90).release().perform()
    drawn = browser.execute_script(span)
    assert before[0] < drawn[0] < drawn[1] < before[1]
    ActionChains(browser).double_click(canvas).perform()
    assert browser.execute_script(span) == before


def test_flicker_and_slider(browser):
    click(browser, "#modes button[data-mode=flicker]")
    seen = set()
    for _ in range(30):
        seen.add(browser.execute_script("return document.querySelectorAll('.over img')[1].style.visibility || 'visible'"))
        time.sleep(0.1)
        if len(seen) == 2:
            break
    assert seen == {"visible", "hidden"}
    click(browser, "#modes button[data-mode=slide]")
    browser.execute_script("const s = document.getElementById('slider'); s.value = 25; s.dispatchEvent(new Event('input'))")
    assert "75%" in browser.execute_script("return document.querySelectorAll('.over img')[1].style.clipPath")
    click(browser, "#modes button[data-mode=side]")
    sizes = browser.execute_script("return [...document.querySelectorAll('#pictures img')].map(i => [i.naturalWidth, i.naturalHeight])")
    assert sizes == [[32, 24]] * 3


def test_theme_and_contrast(browser):
    def contrast(selector):
        """WCAG 2: of the text on the page's paper"""
        def light(text):
            parts = [int(v) / 255 for v in re.findall(r"\d+", text)[:3]]
            parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

        ink = find(browser, selector)[0].value_of_css_property("color")
        paper = find(browser, "body")[0].value_of_css_property("background-color")
        a, b = sorted((light(ink), light(paper)))
        return (b + 0.05) / (a + 0.05)

    themes = set()
    for _ in range(2):
        find(browser, "#theme")[0].send_keys("\n")
        themes.add(browser.execute_script("return document.documentElement.dataset.theme"))
        for selector in ("h1", "#facts", "td.pass", "td.fail", "td.undecided"):
            assert contrast(selector) >= 4.5, (selector, themes)
    assert themes == {"light", "dark"}


def test_pictures_can_be_taken_and_the_console_is_empty(browser, page):
    picture = browser.get_screenshot_as_png()
    (page[0].parent / "page.png").write_bytes(picture)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n" and len(picture) > 20_000
    assert browser.get_log("browser") == []
