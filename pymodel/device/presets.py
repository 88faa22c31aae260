"""Named devices, each with the origin of its numbers."""

from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec
from nvmcosim.pymodel.device.mtj import PmaMtj
from nvmcosim.pymodel.device.spec import DeviceSpec, DeviceSpread, WriteDriver
from nvmcosim.pymodel.errors import InputError

__all__ = ["IN_PLANE_PRESETS", "PRESETS", "preset"]

_STT_65NM = DeviceSpec(
    name="stt-65nm",
    mtj=PmaMtj.from_dict(
        {
            "diameter_nm": 60.0,
            "thickness_nm": 1.3,
            "ms_t": 1.58,
            "delta": 70.0,
            "damping": 0.027,
            "polarization": 0.415,
            "ra_ohm_um2": 18.0,
            "tmr": 1.24,
            "v_half_v": 0.5,
        }
    ),
    driver=WriteDriver(vdd_v=1.2, series_ohm=1500.0),
    spread=DeviceSpread(ra=0.05, tmr=0.05, diameter=0.02, hk=0.02),
    origin=(
        "Thickness, Ms, damping, RA and TMR of the CoFeB-MgO junction of Ikeda et al., Nature "
        "Materials 9, 721 (2010). Diameter, Delta, eta, V_half, spread and driver are chosen so "
        "that switching at ono2021's 1.2 V takes about 8 ns with a deviation near 3 ns: a "
        "calibration to that paper's law; the paper itself gives no junction parameters"
    ),
)

_LOCATELLI2018 = DeviceSpec(
    name="locatelli2018",
    mtj=PmaMtj.from_dict(
        {
            "diameter_nm": 32.0,
            "thickness_nm": 1.3,
            "ms_t": 1.58,
            "delta": 70.0,
            "damping": 0.00715,
            "polarization": 0.329,
            "ra_ohm_um2": 4.0,
            "tmr": 1.5,
            "v_half_v": 0.5,
        }
    ),
    driver=WriteDriver(kind="source", vdd_v=0.381, series_ohm=0.0),
    origin=(
        "Diameter, thickness, Ms, Delta, RA, TMR and 381 mV = 2.0 Vc of locatelli2018, Section II. "
        "Damping is chosen so that the mean switching time at 2 Vc is 4.157 ns, that of the gamma "
        "law that gives the paper's 15.0 ns at 1e-10; eta so that Vc is 190 mV; V_half is assumed"
    ),
)

_LOCATELLI2018_CMOS = DeviceSpec(
    name="locatelli2018-cmos",
    mtj=_LOCATELLI2018.mtj,
    driver=WriteDriver(
        vdd_v=1.0,
        word_line_v=1.3,
        series_ohm=8000.0,
        nmos_width_nm=160.0,
        pmos_width_nm=320.0,
        access_width_nm=100.0,
    ),
    spread=DeviceSpread(ra=0.05, tmr=0.05, vth_mv_um=3.0),
    origin=(
        "The junction of locatelli2018 behind an H-bridge and an access transistor of FreePDK45 at "
        "its nominal 1.0 V: the cards are 45 nm where the paper's are a commercial 28 nm, so that "
        "neither driver energy nor mismatch is the paper's. Widths and word line are chosen so "
        "that a write in either direction starts at 2.0 to 2.1 Vc. Spread of 5% on resistance and "
        "TMR as in Section III; A_vt = 3 mV um is assumed, of the size usual for planar bulk "
        "transistors of that generation, as the cards state none"
    ),
)

_IP_20X58 = InPlaneSpec(
    name="ip-20x58",
    origin=(
        "Dimensions, Ms, damping, eta, RA and temperature of mondal2018, footnote 2; Jc0 of both "
        "directions and Delta (47.5 in print) of its III-A; 1.2 V of its write and 4.33 ns of its "
        "reset of III-B. TMR from the polarisation, and its V_half of 0.65 V, are those of the "
        "SPICE model that the paper used (Kim et al., CICC 2015)"
    ),
)

#: In-plane devices, the number generators, by name.
IN_PLANE_PRESETS = {_IP_20X58.name: _IP_20X58}
#: Perpendicular devices, the memory cells, by name.
PRESETS = {device.name: device for device in (_STT_65NM, _LOCATELLI2018, _LOCATELLI2018_CMOS)}


def preset(name: object) -> DeviceSpec:
    """The device called `name`; raises `InputError` naming those there are."""
    if not isinstance(name, str) or name not in PRESETS:
        raise InputError(f"device is {name!r}; it must be one of {', '.join(PRESETS)}")
    return PRESETS[name]
