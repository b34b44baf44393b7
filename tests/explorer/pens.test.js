import assert from "node:assert/strict";
import test from "node:test";
import { contrast, legible } from "../../gateviz/widget/explorer/colors.js";
import { SvgPen } from "../../gateviz/widget/explorer/pens.js";

test("a color moves just as far from its ground as it must", () => {
  assert.equal(legible("#000000", "#ffffff"), "#000000");
  assert.equal(legible("#000000", "#16171a"), "#ffffff");
  for (const ground of ["#ffffff", "#16171a"]) {
    for (const color of ["#ffff00", "#3333aa", "#808080"])
      assert.ok(contrast(legible(color, ground, 4.5), ground) >= 4.5);
  }
});

test("SVG keeps text as text, and nothing in it can end an element", () => {
  const pen = new SvgPen({ width: () => 10 });
  pen.text(1, 2, '<a & "b">', { fill: "#000000", align: "right" });
  const document = pen.document(30, 20);
  assert.match(document, /text-anchor="end" fill="#000000">&lt;a &amp; &quot;b&quot;&gt;<\/text>/);
  assert.match(document, /viewBox="0 0 30 20"/);
});

test("a missing value breaks a line", () => {
  const pen = new SvgPen({ width: () => 10 });
  pen.path([0, 1, 1, 1, 2, Number.NaN, 3, 1, 4, 1], { stroke: "#000000" });
  assert.match(pen.parts[0], /d="M0 1L1 1M3 1L4 1"/);
});

test("what is clipped stands in its own group, one rectangle each", () => {
  const pen = new SvgPen({ width: () => 10 });
  pen.clipped(0, 0, 5, 5, () => pen.rect(1, 1, 2, 2, { fill: "#ffffff" }));
  pen.clipped(0, 0, 5, 5, () => undefined);
  assert.deepEqual(
    pen.parts.filter((part) => part.startsWith("<clipPath")).map((part) => part.match(/clip\d/)[0]),
    ["clip1", "clip2"],
  );
});
