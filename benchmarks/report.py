"""From measured figures to RESULTS.md and its plot; `python -m benchmarks.report` writes them anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import figures
from benchmarks.chart import bars
from benchmarks.figures import OFFICIAL, OURS, TRANSFORMERS, Limit, Results, Series
from benchmarks.sections import ALL

HERE = Path(__file__).parent
TIMES = (figures.FIRST, figures.LATER, figures.TEN, figures.BOXES_NEW, figures.BOXES_SEEN, figures.EVERYTHING)
ROWS = (
    *TIMES,
    *(figures.PEAK_LOADED, figures.PEAK_CLICKS, figures.PEAK_BOXES),
    *(figures.LOADED, figures.PAGE),
    *(figures.users_row(count) for count in figures.USERS),
)
TARGET_GEOMETRY = "ViT-B"
# How many times better than another way this project has to be. "At most half the memory" is 2.
TARGETS = {
    figures.FIRST: {TRANSFORMERS: 10.0, OFFICIAL: 12.0},
    figures.LATER: {TRANSFORMERS: 150.0, OFFICIAL: 2.5},
    figures.BOXES_NEW: {TRANSFORMERS: 8.0, OFFICIAL: 5.0},
    figures.BOXES_SEEN: {TRANSFORMERS: 8.0, OFFICIAL: 5.0},
    figures.EVERYTHING: {OFFICIAL: 3.0},
    figures.PEAK_CLICKS: {TRANSFORMERS: 2.0, OFFICIAL: 2.0},
    figures.PEAK_BOXES: {TRANSFORMERS: 2.0, OFFICIAL: 2.0},
}
LIGHT_TARGET = 4.0  # how many times sooner than ViT-B's a new picture's first answer is there
ENCODER_TARGETS = {"bfloat16": 2.5, "float32": 1.4}  # times the limit, at most
METHOD = """\
Every way answers the same pictures and prompts and returns masks of the picture's size, both models' for each
object; a click is answered with each model's candidates, a box with one mask. Each way is a process of its
own that loads its weights from disk; all ways are asked in turn, round after round, and one computes at a
time. Cells are the median of the rounds and in brackets the best; ratios are of medians, and more than 1
means that this project is better.

- **transformers**: the model cards' code. Processor, `SamModel` and `SamHQModel` in full, and post-processing
  at every request.
- **official predictors**: `SamPredictor` of segment-anything and of segment-anything-hq. `set_image` for a
  new picture, then `predict`, for several boxes `predict_torch` in one batch. Several users wait behind a
  lock, as in the usual demo, and click on one picture: on different ones each click would be a first click.
- **this project**: `CompareService.compare`, which also writes run lengths, counts pixels, and scores
  stability and agreement.

The weights of ViT-B and `light` are random, changed so that masks have outlines as trained ones have: those
of wholly random weights are all edge, which no trained model's are, and this project's time for a mask grows
with its outline.

Everything is asked of the authors' `SamAutomaticMaskGenerator`, one of each package, and of
`CompareService.segment_everything`. No score filters: random weights are sure of nothing. So every candidate
is decoded, and duplicates alone are left out.

Memory is the most that was resident; weights that a way maps from their file count once they are read.
"""

# Of ViT-B's decoders for one click, counted: two-way attention 1.17 and 1.34, enlarging 0.81 each, SAM-HQ's
# fusion 2.49, masks 0.02 each.
DECODER_GFLOP = 6.7
NEXT = """\
- **New pictures.** The encoder's products alone take longer than the target where no unit multiplies
  bfloat16. There only fewer products would help, which is another encoder with other masks. With such units
  (AMX, a GPU) the same code computes in their precision, and the bias goes into the products.
- **The encoder in float32.** Of a pass of ViT-B, 2.8 s on 2 cores of an EPYC with AVX512, the MLPs' products
  take 1.0 s and the projections of attention 0.5, both at the peak. The attention of the global layers takes
  0.75, where its products at the peak would take 0.42; that of the windows 0.2 instead of 0.05, as torch has
  batches of float32 products from MKL alone; biases, norms and sums between them 0.3. The next design is
  attention as one compiled kernel: a block of queries goes from scores to sums while it is in the cache.
- **Clicks.** Both decoders' products for one click are {decoder:.2g} GFLOP, {ideal:.0f} ms at the peak above.
  The rest is memory that passes by between them: norms, activations, layouts. Of SAM-HQ's fusion a band of
  places at a time now goes through norm, activation and product, which takes a tenth off 32 boxes. Whole
  layers in bands of torch's own operations cost more than they save, since each is a call of its own: the
  next design is one compiled kernel that takes a band through all of them while it is in the cache.
"""


def write(results: Results, folder: Path) -> Path:
    """Write RESULTS.md and results.svg; returns the former, in which the sections of other commands stay."""
    file = folder / "RESULTS.md"
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    text = markdown(results)
    for section in ALL:
        text = section.put_into(text, section.found_in(old))
    file.write_text(text, encoding="utf-8")
    geometry = next(iter(_geometries(results)))
    (folder / "results.svg").write_text(plot(results, geometry), encoding="utf-8")
    return file


def markdown(results: Results) -> str:
    """The whole report."""
    parts = ["# Side by side", _machine(results), METHOD.strip()]
    for geometry in _geometries(results):
        if geometry == _geometries(results)[0]:
            parts.append("![Seconds of each way, on a logarithmic axis](results.svg)")
        parts += [f"## {geometry}", _table(results, geometry)]
    if results.find(figures.LIGHT, OURS, figures.FIRST) is not None:
        parts += [f"## {figures.LIGHT} beside {TARGET_GEOMETRY}", _light(results)]
    parts += ["## The encoder alone against the limit", _limits(results)]
    parts += ["## Same answers?", _agreements(results)]
    parts += ["## Targets", "\n".join(f"- {line}" for line in _verdicts(results))]
    parts += ["## What would come next", _next(results).strip()]
    parts += ["## Where this project's time goes", *_profiles(results)]
    return "\n\n".join(parts) + "\n"


def plot(results: Results, geometry: str) -> str:
    """The times of one geometry as bars."""
    rows = {}
    for row in TIMES:
        found = {way: results.find(geometry, way, row) for way in _ways(results, geometry)}
        rows[row] = {way: one.median for way, one in found.items() if one is not None}
    return bars(f"{geometry}: seconds by median, on a logarithmic axis", {k: v for k, v in rows.items() if v})


def ratio(other: Series, ours: Series) -> float:
    """How many times better ours is, by medians."""
    more_is_better = ours.unit == "clicks/s"
    return ours.median / other.median if more_is_better else other.median / ours.median


def _geometries(results: Results) -> list[str]:
    """Those that every way answers with."""
    return [one for one in dict.fromkeys(one.geometry for one in results.series) if one != figures.LIGHT]


def _ways(results: Results, geometry: str) -> list[str]:
    return list(dict.fromkeys(one.way for one in results.series if one.geometry == geometry))


def _machine(results: Results) -> str:
    about = results.about
    versions = ", ".join(f"{name} {about[name]}" for name in _PACKAGES if name in about)
    several = "s" if about["rounds"] != "1" else ""
    return "\n".join(
        (
            f"Measured on {about['date']} by `benchmarks.run` in {about['minutes']} minutes: "
            f"{about['rounds']} round{several} on {about['cores']} cores of {about['processor']} "
            f"with {about['memory']}.",
            f"It has {about['has']} and lacks {about['lacks']}; this project's encoder computes in "
            f"{about['precision']}. {versions}. Pictures of {about['picture']} pixels.",
            f"Other programs took {about['others']} of the processor: near 0 % means a quiet machine.",
        )
    )


_PACKAGES = ("Python", "torch", "transformers", "segment-anything", "segment-anything-hq")


def _table(results: Results, geometry: str) -> str:
    ways = _ways(results, geometry)
    others = [way for way in ways if way != OURS]
    head = ["", *others, OURS, *(f"{way} ÷ this" for way in others)]
    lines = [head, ["---"] * len(head)]
    for row in ROWS:
        found = {way: results.find(geometry, way, row) for way in ways}
        if not any(found.values()):
            continue
        cells = [row, *(_cell(found[way]) for way in others), _cell(found[OURS])]
        lines.append([*cells, *(_against(geometry, row, way, found[way], found[OURS]) for way in others)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(series: Series | None) -> str:
    if series is None:
        return ""
    if series.unit == "MB":
        return f"{series.median:,.0f} MB"
    unit = "/s" if series.unit == "clicks/s" else " s"
    return f"{series.median:.3g}{unit} ({series.best:.3g})"


def _against(geometry: str, row: str, way: str, other: Series | None, ours: Series | None) -> str:
    if other is None or ours is None:
        return ""
    found = ratio(other, ours)
    target = TARGETS.get(row, {}).get(way) if geometry == TARGET_GEOMETRY else None
    if target is None:
        return f"{found:.3g}"
    return f"**{found:.3g}**, target {target:g}: {_met(found >= target)}"


def _light(results: Results) -> str:
    """Light HQ-SAM beside ViT-B, in the same rounds."""
    lines = [f"| | {TARGET_GEOMETRY} | {figures.LIGHT} | ViT-B ÷ light |", "| --- | --- | --- | --- |"]
    for row in (figures.FIRST, figures.LATER):
        ours, light = (results.find(geometry, OURS, row) for geometry in (TARGET_GEOMETRY, figures.LIGHT))
        if ours is None or light is None:
            continue
        found = ratio(ours, light)
        told = f"{found:.3g}"
        if row == figures.FIRST:
            told = f"**{found:.3g}**, target {LIGHT_TARGET:g}: {_met(found >= LIGHT_TARGET)}"
        lines.append(f"| {row} | {_cell(ours)} | {_cell(light)} | {told} |")
    return "\n".join(lines)


def _met(met: bool) -> str:
    return "met" if met else "**not met**"


def _limits(results: Results) -> str:
    lines = [
        "Products of the encoder, counted from its geometry, over the fastest matrix product measured in the",
        "same precision between the passes.",
        "",
        "| geometry | precision | GFLOP a pass | peak, GFLOP/s | limit | measured | times the limit |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in results.limits:
        passed = Series(one.geometry, OURS, "encoder", "s", one.seconds)
        lines.append(
            f"| {one.geometry} | {one.dtype} | {one.flops / 1e9:.4g} | {one.peak / 1e9:.4g} "
            f"| {one.limit:.3g} s | {_cell(passed)} | {_limit_verdict(one)} |"
        )
    return "\n".join(lines)


def _limit_verdict(limit: Limit) -> str:
    if limit.geometry != TARGET_GEOMETRY:
        return f"{limit.times:.2f}"
    target = ENCODER_TARGETS[limit.dtype]
    return f"**{limit.times:.2f}**, target {target:g}: {_met(limit.times <= target)}"


def _agreements(results: Results) -> str:
    lines = [
        "| geometry | model | ways | equal pixels of the first click's best masks |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.geometry} | {one.model} | {' and '.join(one.ways)} | {one.pixels:.3%} |"
        for one in results.agreements
    ]
    lines += [
        "",
        "transformers' SAM-HQ masks differ because its mask decoder is wrong; see the README.",
        "The best mask is a click's candidate with the highest score: of two that are equal to the third",
        "decimal bfloat16 can choose the other.",
    ]
    return "\n".join(lines)


def _verdicts(results: Results) -> Iterator[str]:
    """Each target with what was measured, and for one that is not met what stands in its way."""
    for row, targets in TARGETS.items():
        for way, target in targets.items():
            other, ours = (results.find(TARGET_GEOMETRY, one, row) for one in (way, OURS))
            if other is None or ours is None:
                continue
            found = ratio(other, ours)
            told = f"{row}, {way}: {found:.3g} of {target:g}, {_met(found >= target)}."
            yield (
                told
                if found >= target
                else f"{told} {_in_the_way(results, row, other, ours, target)}".strip()
            )
    for limit in results.limits:
        if limit.geometry == TARGET_GEOMETRY:
            yield f"encoder in {limit.dtype} against its limit: {_limit_verdict(limit)}."


def _in_the_way(results: Results, row: str, other: Series, ours: Series, target: float) -> str:
    if ours.unit == "MB":
        loaded = results.find(TARGET_GEOMETRY, OURS, figures.PEAK_LOADED)
        with_models = f"; {loaded.median:,.0f} MB of it with the models just loaded" if loaded else ""
        return f"It would take {other.median / target:,.0f} MB; it is {ours.median:,.0f} MB{with_models}."
    told = f"It would take {other.median / target:.3g} s; it is {ours.median:.3g} s."
    again = {figures.FIRST: figures.LATER, figures.BOXES_NEW: figures.BOXES_SEEN}.get(row)
    after = results.find(TARGET_GEOMETRY, OURS, again) if again else None
    limits = [one for one in results.limits if one.geometry == TARGET_GEOMETRY]
    if after is None or not limits:
        return told
    best = limits[0].limit + after.median
    reach = other.median / best
    verdict = ""
    if other.median / limits[0].limit < target:
        verdict = " The limit alone is more than the target allows: out of reach in this precision here."
    elif reach < target:
        verdict = " A faster encoder alone does not bring it there."
    return (
        f"{told} With an encoder at its limit of {limits[0].limit:.3g} s and the rest as measured "
        f"({after.median:.3g} s) it would be {best:.3g} s, {reach:.3g} times.{verdict}"
    )


def _next(results: Results) -> str:
    peak = max((one.peak for one in results.limits if one.dtype == "float32"), default=0.0)
    ideal = 1e3 * DECODER_GFLOP * 1e9 / peak if peak else float("nan")
    return NEXT.format(decoder=DECODER_GFLOP, ideal=ideal)


def _profiles(results: Results) -> Sequence[str]:
    """A table for each request that was profiled."""
    found = [
        "One request each, with nothing beside anything else: only so do the parts add up. A function's\n"
        "time is its own and that of all it calls outside the project."
    ]
    geometry = next(iter(_geometries(results)))
    for one in (profile for profile in results.profiles if profile.geometry == geometry):
        total = sum(one.parts.values())
        lines = [f"### {one.geometry}: {one.question}", "", "| part | ms | share |", "| --- | --- | --- |"]
        lines += [
            f"| {_quoted(part)} | {1000 * taken:.1f} | {taken / total:.0%} |"
            for part, taken in one.parts.items()
        ]
        found.append("\n".join(lines))
    return found


def _quoted(part: str) -> str:
    return f"`{part}`" if "." in part else part


if __name__ == "__main__":
    print(write(Results.load(HERE / "results.json"), HERE))
