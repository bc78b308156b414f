# SPDX-License-Identifier: BSD-3-Clause
"""The detector's geometry and the names of axes follow the frames through crop, bin and order."""
import h5py
import numpy
import pytest
from test_pipeline import COLUMNS, DATA, FRAMES, ROWS, plain, run, write_tomo

DETECTOR = "entry/instrument/detector"
FAST, SLOW = numpy.array([-1.0, 0, 0]), numpy.array([0, -0.8, 0.6])


def write_modules(path):
    """Two modules side by side, columns 0 to 25 and 30 to 55, that stand as NXmx says; beam centre in mm."""
    write_tomo(path, keys=False)
    with h5py.File(path, "r+") as file:
        detector = file[DETECTOR]
        for name in ("beam_center_x", "beam_center_y", "x_pixel_size", "y_pixel_size", "module"):
            del detector[name]
        for name, value, unit in (("x_pixel_size", 75e-6, "m"), ("y_pixel_size", 50e-6, "m"),
                                  ("beam_center_x", 27.5 * 0.075, "mm"), ("beam_center_y", 19 * 0.05, "mm")):
            detector[name] = value
            detector[name].attrs["units"] = unit
        for number, column in enumerate((0, 30)):
            module = detector.create_group(f"module_{number}")
            module.attrs["NX_class"] = "NXdetector_module"
            module["data_origin"], module["data_size"] = numpy.array([0, column]), numpy.array([ROWS, 26])
            for name, value, vector in (("fast_pixel_direction", 75e-6, FAST), ("slow_pixel_direction", 50e-6, SLOW), ("module_offset", 0.0, FAST)):
                module[name] = value
                module[name].attrs.update({"vector": vector, "units": "m", "transformation_type": "translation", "depends_on": "."})
            module["module_offset"].attrs["offset"] = 75e-6 * column * FAST * 1000 + [3, 2, 1]
            module["module_offset"].attrs["offset_units"] = "mm"
        file["entry/data"].attrs["axes"] = ["rotation_angle", "y", "x"]
        file["entry/data"].attrs["rotation_angle_indices"] = 0
        file["entry/data"].attrs["y_indices"] = numpy.array([1])


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("geometry")
    write_modules(folder / "scan.h5")
    return folder


def corner(module, row, column):
    """Where pixel (row, column) of the frame begins, in metres, by the module's own words."""
    value = lambda name: numpy.asarray(module[name][()], float)
    offset = module["module_offset"]
    factor = {"mm": 1e-3, "m": 1}[offset.attrs["offset_units"]]
    row, column = row - module["data_origin"][0], column - module["data_origin"][1]
    return (value("module_offset") * offset.attrs["vector"] + offset.attrs["offset"] * factor
            + row * value("slow_pixel_direction") * module["slow_pixel_direction"].attrs["vector"]
            + column * value("fast_pixel_direction") * module["fast_pixel_direction"].attrs["vector"])


@pytest.mark.parametrize("pipeline,row,column,rows,columns", [
    ("crop x=12 y=7", 7, 12, 1, 1), ("bin x=2 y=5", 0, 0, 5, 2), ("crop x=5 y=3 | bin x=4 y=3", 3, 5, 3, 4),
    ("bin x=3 y=2 mode=mean | crop x=2 y=1", 2, 6, 2, 3)])
def test_pixels_stand_where_they_stood(beampress, desk, pipeline, row, column, rows, columns):
    run(beampress, desk, pipeline, "scan.h5", "out.h5")
    with plain(beampress, desk, "out.h5") as out, h5py.File(desk / "scan.h5", "r") as was:
        for name in ("module_0", "module_1"):
            before, after = was[DETECTOR][name], out[DETECTOR][name]
            for r, c in ((0, 0), (2, 3), (4, 1)):
                assert numpy.allclose(corner(after, r, c), corner(before, row + r * rows, column + c * columns), rtol=0, atol=1e-12)
        detector = out[DETECTOR]
        # the beam is where it was: in pixels, which reach from 0 to 1, and so as a length
        assert detector["beam_center_x"][()] == pytest.approx((27.5 - column) * 0.075)
        assert detector["beam_center_y"][()] == pytest.approx((19 - row) * 0.05)
        assert detector["x_pixel_size"][()] == pytest.approx(columns * 75e-6)
    history = beampress("history", desk / "out.h5", "--json").json["history"][0]["record"]
    notes = {b["path"]: b["note"] for b in history["belongings"]}
    if row or column:
        assert notes["/" + DETECTOR + "/module_0/module_offset"].startswith("offset now ")


def test_offsets_without_directions_stop_the_run(beampress, desk):
    write_modules(desk / "blind.h5")
    with h5py.File(desk / "blind.h5", "r+") as file:
        del file[DETECTOR]["module_1/slow_pixel_direction"]
    error = beampress("check", "crop x=3", desk / "blind.h5", code=4).stderr
    assert "module_1/module_offset" in error and "slow_pixel_direction" in error and error.rstrip().endswith("^~~~")
    with h5py.File(desk / "blind.h5", "r+") as file:
        del file[DETECTOR]["y_pixel_size"], file[DETECTOR]["module_1"]
    assert "beam_center_y is a length" in beampress("check", "crop y=3", desk / "blind.h5", code=4).stderr


def test_order_turns_the_axes(beampress, desk):
    run(beampress, desk, "veto every=2 | crop x=4 | order", "scan.h5", "order.h5")
    with plain(beampress, desk, "order.h5") as out, h5py.File(desk / "scan.h5", "r") as was:
        assert (out[DATA][:] == was[DATA][:][::2, :, 4:].transpose(1, 0, 2)).all()
        data = out["entry/data"]
        assert list(data.attrs["axes"]) == ["y", "rotation_angle", "x"] and data.attrs["signal"] == "data"
        assert data.attrs["rotation_angle_indices"] == 1 and list(data.attrs["y_indices"]) == [0]
        # frames and pixels that went before are followed
        assert (out["entry/sample/rotation_angle"][:] == was["entry/sample/rotation_angle"][::2]).all()
        assert (out[DETECTOR]["pixel_mask"][:] == was[DETECTOR]["pixel_mask"][:, 4:]).all()
        assert out[DETECTOR]["beam_center_x"][()] == pytest.approx(23.5 * 0.075)
    belongings = beampress("history", desk / "order.h5", "--json").json["history"][0]["record"]["belongings"]
    assert {"path": "/entry/data", "action": "mapped", "note": "axes: rows before frames"} in belongings
