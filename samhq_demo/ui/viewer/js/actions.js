// Everything one can do, once: the buttons, the keys and the list under `?` are made from this table.

import { BACKGROUND, OBJECT } from "./prompt.js";

/**
 * @import { Direction } from "./cursor.js"
 * @import { Viewer } from "./viewer.js"
 *
 * @typedef {object} Action
 * @property {string} [group] a heading of the list instead of an action.
 * @property {string} [name] its button's data-action.
 * @property {string[]} [keys] as pressed.
 * @property {string} [text]
 * @property {() => void} [run]
 * @property {boolean} [onStage] only while the picture has the keyboard's focus.
 * @property {boolean} [hidden] not listed.
 */

/** @type {Record<string, Direction>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CURSOR_STEP = 8; // pane pixels for an arrow key; with Shift one picture pixel

/**
 * @param {Viewer} viewer
 * @returns {Action[]}
 */
export function actionsOf(viewer) {
  const groups = [promptActions, objectActions, viewActions, cursorActions, fileActions];
  return groups.flatMap((group) => group(viewer));
}

/**
 * @param {Viewer} viewer
 * @returns {Action[]}
 */
function fileActions(viewer) {
  return [
    { group: "Files" },
    { name: "open", keys: ["Ctrl+O"], text: "Open a picture", run: () => viewer.arrivals.choosePicture() },
    { name: "load", text: "Load saved prompts", run: () => viewer.arrivals.choosePrompts() },
    { keys: ["Ctrl+V"], text: "Paste a picture" },
    { name: "save", keys: ["Ctrl+S"], text: "Save the prompts", run: () => viewer.exportPanel.run("prompts") },
    { name: "python", keys: ["Y"], text: "Copy the call as Python", run: () => viewer.exportPanel.run("python") },
    { name: "curl", keys: ["Shift+Y"], text: "Copy the call as curl", run: () => viewer.exportPanel.run("curl") },
    { name: "take-mask", keys: ["W"], text: "Download the mask", run: () => viewer.exportPanel.run("mask") },
    { name: "take-cutout", keys: ["E"], text: "Download the cutout", run: () => viewer.exportPanel.run("cutout") },
  ];
}

/**
 * @param {Viewer} viewer
 * @returns {Action[]}
 */
function promptActions(viewer) {
  const { session } = viewer;
  const underPointer = "Remove the point or box under the pointer, else the last point";
  return [
    { group: "Prompts" },
    { name: "undo", keys: ["Ctrl+Z"], text: "Undo", run: () => viewer.wayBack.undo() },
    { name: "redo", keys: ["Ctrl+Shift+Z", "Ctrl+Y"], text: "Redo", run: () => viewer.wayBack.redo() },
    { name: "toggle-label", keys: ["X"], text: "Clicks mark object or background",
      run: () => viewer.mode.toggleLabel() },
    { name: "tool-object", run: () => viewer.mode.setTool("object") },
    { name: "tool-background", run: () => viewer.mode.setTool("background") },
    { name: "tool-box", keys: ["V"], text: "Box tool: one finger draws a box", run: () => viewer.mode.setTool("box") },
    { name: "tool-pan", keys: ["P"], text: "Drag moves the picture, not a box", run: () => viewer.mode.togglePan() },
    { name: "remove", keys: ["Delete", "Backspace"], text: underPointer, run: () => viewer.removeMark() },
    { name: "refine", keys: ["R"], text: "Refine: feed each model's answer back to it",
      run: () => viewer.editor.refine() },
    { name: "mask", text: "Start from a rough mask", run: () => viewer.arrivals.chooseMask("mask") },
    { name: "truth", keys: ["T"], text: "Load the object's ground truth",
      run: () => viewer.arrivals.chooseMask("truth") },
    { name: "clear", keys: ["C"], text: "Clear this object", run: () => session.clearObject() },
    { name: "clear-all", keys: ["Shift+C"], text: "Clear all objects", run: () => session.clearAll() },
  ];
}

/**
 * @param {Viewer} viewer
 * @returns {Action[]}
 */
function objectActions(viewer) {
  const { session } = viewer;
  return [
    { group: "Objects" },
    { name: "everything", keys: ["Q"], text: "Segment everything, or stop that", run: () => viewer.picking.search() },
    { name: "everything-stop", run: () => viewer.picking.search() },
    { name: "everything-pick", keys: ["I"], text: "Pick masks of those found, or mark objects",
      run: () => viewer.picking.toggle() },
    { name: "new", keys: ["N"], text: "New object", run: () => viewer.editor.addObject() },
    { name: "next", keys: ["J"], text: "Next object", run: () => session.selectNext(1) },
    { name: "previous", keys: ["K"], text: "Previous object", run: () => session.selectNext(-1) },
    ...[1, 2, 3].flatMap((number) => [
      { keys: [`${number}`], hidden: true, run: () => viewer.editor.choose("sam_hq", number - 1) },
      { keys: [`Shift+${number}`], hidden: true, run: () => viewer.editor.choose("sam", number - 1) },
    ]),
    { keys: ["1", "2", "3"], text: "SAM-HQ's candidates" },
    { keys: ["Shift+1", "Shift+2", "Shift+3"], text: "SAM's candidates" },
  ];
}

/**
 * @param {Viewer} viewer
 * @returns {Action[]}
 */
function viewActions(viewer) {
  return [
    { group: "View" },
    { name: "view-side", keys: ["S"], text: "Side by side", run: () => viewer.mode.showView("side") },
    { name: "view-slider", keys: ["L"], text: "Slider", run: () => viewer.mode.showView("slider") },
    { name: "view-difference", keys: ["D"], text: "Difference", run: () => viewer.mode.showView("difference") },
    { name: "zoom-in", keys: ["+", "="], text: "Zoom in", run: () => viewer.surface.zoomAtCenter(1.4) },
    { name: "zoom-out", keys: ["-"], text: "Zoom out", run: () => viewer.surface.zoomAtCenter(1 / 1.4) },
    { name: "fit", keys: ["0"], text: "Whole picture", run: () => viewer.surface.fit() },
    { name: "outline", keys: ["O"], text: "Outlines only", run: () => viewer.mode.toggleLook("outline") },
    { name: "spotlight", keys: ["G"], text: "Darken what is outside the masks",
      run: () => viewer.mode.toggleLook("spotlight") },
    { name: "cutout", keys: ["U"], text: "Cutout: the masks alone, on a checkerboard",
      run: () => viewer.mode.toggleLook("cutout") },
    { name: "hide", keys: ["A"], text: "Hide the masks", run: () => viewer.mode.toggleMasks() },
    { name: "full-screen", keys: ["F"], text: "Full screen", run: () => viewer.fullScreen.toggle() },
    { keys: ["["], text: "Masks fainter", run: () => viewer.mode.setOpacity(viewer.mode.opacity - 0.1) },
    { keys: ["]"], text: "Masks stronger", run: () => viewer.mode.setOpacity(viewer.mode.opacity + 0.1) },
    { name: "hover", keys: ["H"], text: "Preview under the pointer", run: () => viewer.hover.toggleAnswer() },
  ];
}

/**
 * @param {Viewer} viewer
 * @returns {Action[]}
 */
function cursorActions(viewer) {
  const { cursor } = viewer;
  const onStage = true;
  const arrows = Object.entries(ARROWS).flatMap(([key, step]) => [
    { keys: [key], run: () => cursor.move(step, CURSOR_STEP) },
    { keys: [`Shift+${key}`], run: () => cursor.move(step, 0) },
    { keys: [`Alt+${key}`], run: () => cursor.nudge(step, CURSOR_STEP) },
    { keys: [`Alt+Shift+${key}`], run: () => cursor.nudge(step, 0) },
  ]);
  return [
    { group: "With the keyboard, on the picture" },
    ...arrows.map((action) => ({ ...action, onStage, hidden: true })),
    { keys: ["Arrows"], text: "Move the cursor; with Shift by one picture pixel" },
    { keys: ["Enter"], text: "Object point at the cursor", onStage, run: () => cursor.putPoint(OBJECT) },
    { keys: ["Shift+Enter"], text: "Background point at the cursor", onStage, run: () => cursor.putPoint(BACKGROUND) },
    { keys: ["B"], text: "Begin a box at the cursor, then end it", run: () => cursor.box() },
    { keys: ["M"], text: "Cursor to the next point or corner of the box", run: () => cursor.toNextMark() },
    { keys: ["Alt+Arrows"], text: "Move what is under the cursor" },
    { keys: ["Escape"], text: "Cancel: drag, box, cursor", run: () => viewer.escape() },
    { name: "help", keys: ["?"], text: "This list", run: () => viewer.help() },
  ];
}
