// What crosses the wire between the browser and Python, as types: those of Python's wire.py, key by key.

/**
 * @typedef {"sam" | "sam_hq"} Branch The two that answer for one model.
 * @typedef {[x: number, y: number]} Point In picture pixels.
 * @typedef {[x0: number, y0: number, x1: number, y1: number]} Box In picture pixels.
 *
 * @typedef {object} Rle COCO's run lengths; `counts` compressed as Python sends them, or plain numbers.
 * @property {[height: number, width: number]} size
 * @property {string | number[]} counts
 *
 * @typedef {object} Prompt
 * @property {Point[]} points
 * @property {number[]} labels One for each point, see OBJECT and BACKGROUND.
 * @property {Box | null} box
 *
 * @typedef {Record<Branch, number>} Choice Which of its candidates each branch shows.
 *
 * @typedef {object} RefineStep An earlier prompt whose answer is fed back.
 * @property {Point[]} points
 * @property {number[]} labels
 * @property {Box | null} box
 * @property {number} [sam_candidate]
 * @property {number} [sam_hq_candidate]
 *
 * @typedef {object} FileMask A mask from a file, with the file's name.
 * @property {string} [name]
 * @property {Rle} rle
 * @property {Rle | null} [void] Of a true mask: the pixels that no score counts.
 * @property {string} [how] How the file was read.
 *
 * @typedef {object} Settings What is sent along with every question; `model` is a checkpoint's name.
 * @property {string | null} [model]
 * @property {boolean | null} [multimask]
 * @property {boolean} [hq_token_only]
 */

/**
 * @typedef {{ id: number } & Partial<Rle>} SentMask Whole the first time, then its id alone.
 *
 * @typedef {object} Question
 * @property {string | null} [model] This one and the next two are `Settings`.
 * @property {boolean | null} [multimask]
 * @property {boolean} [hq_token_only]
 * @property {string} picture The picture's ticket.
 * @property {number} sequence
 * @property {number} object The object's id in the browser.
 * @property {Prompt} prompt
 * @property {boolean} is_preview A preview is wanted.
 * @property {readonly RefineStep[]} steps
 * @property {SentMask | null} mask A rough mask to start from.
 * @property {SentMask | null} truth The object's true mask.
 * @property {SentMask | null} void Its pixels that no score counts.
 */

/**
 * @typedef {object} PreviewMask A mask of a screen's size.
 * @property {number} predicted_iou
 * @property {Rle} rle
 *
 * @typedef {object} ObjectPreview What a screen needs, before anything else is computed.
 * @property {true} is_preview
 * @property {PreviewMask} sam
 * @property {PreviewMask} sam_hq
 *
 * @typedef {object} Candidate
 * @property {number} predicted_iou
 * @property {number} stability
 * @property {number} area
 * @property {Rle} rle
 *
 * @typedef {object} MaskPrediction One branch's answer: a candidate, and more.
 * @property {number} predicted_iou
 * @property {number} stability
 * @property {number} area
 * @property {Rle} rle
 * @property {[x: number, y: number, width: number, height: number]} bbox
 * @property {number | null} true_iou
 * @property {number | null} true_boundary_iou
 * @property {Candidate[]} [candidates] Best first; the first is the answer's own mask.
 *
 * @typedef {object} Agreement
 * @property {number | null} iou
 * @property {number | null} boundary_iou
 * @property {number | null} only_sam
 * @property {number | null} only_sam_hq
 *
 * @typedef {object} ObjectComparison The whole answer for one object.
 * @property {Prompt} prompt
 * @property {MaskPrediction} sam
 * @property {MaskPrediction} sam_hq
 * @property {Agreement} agreement
 *
 * @typedef {object} ImageSize
 * @property {number} width
 * @property {number} height
 *
 * @typedef {"queue" | "masks" | "picture"} Missing What an answer lacks.
 * @typedef {{ needs: Missing }} Needs
 *
 * @typedef {object} Reply To a question: objects, or what is missing for them, or a sentence on what is wrong.
 * @property {number} [sequence] Of the question, where the queue answered it.
 * @property {string} [model] The checkpoint's name.
 * @property {ImageSize} [image]
 * @property {(ObjectPreview | ObjectComparison)[]} [objects]
 * @property {"now" | "cached" | "shared"} [encoded]
 * @property {Record<string, number>} [milliseconds]
 * @property {Missing} [needs]
 * @property {string} [error]
 */

/**
 * @typedef {object} Picture
 * @property {string} id Its ticket.
 * @property {string} [name] of the file, as its sender calls it.
 * @property {number} width
 * @property {number} height
 * @property {{ url: string, path?: string }} file What is shown; it may be smaller than the picture.
 * @property {{ path: string, bytes: number }} [sent] The file as it came to the server.
 *
 * @typedef {object} SavedObject An object that comes with a picture or from a file.
 * @property {string} [name]
 * @property {number | null} [number]
 * @property {string | null} [color]
 * @property {Partial<Prompt>} [prompt]
 * @property {Partial<Choice>} [choice]
 * @property {readonly RefineStep[]} [steps]
 * @property {FileMask | null} [mask]
 * @property {FileMask | null} [truth]
 * @property {ObjectComparison} [answer]
 *
 * @typedef {object} SavedFile What the page saves in a file, and reads from one.
 * @property {ImageSize} image
 * @property {SavedObject[]} objects
 * @property {Settings} settings
 *
 * @typedef {object} Message News from Python; see `viewer_message`. A picture without an id: none any more.
 * @property {Picture | { id?: undefined }} [picture]
 * @property {SavedObject[]} [objects]
 * @property {Settings} [settings]
 * @property {Point} [point]
 * @property {Reply & { sequence: number }} [answer]
 * @property {EverythingNews} [everything]
 * @property {string} [work] What is being done; empty once it is over.
 * @property {number | null} [progress]
 * @property {boolean} [opening] The page opens with the picture, unless another was quicker.
 * @property {boolean} [kept] The picture is the one that was kept here; without one, the server has lost it.
 * @property {string} [say]
 * @property {boolean} [is_error]
 * @property {string} [stamp] Unlike the last message's.
 *
 * @typedef {object} ViewerOptions What Python made the viewer with.
 * @property {Settings} [settings]
 * @property {boolean} [hover]
 * @property {number} [hover_below_ms]
 * @property {number} [patience_ms]
 * @property {string} [kept_as] The entry of sessionStorage that Python reads.
 */

/**
 * @typedef {object} EverythingRequest Everything in a picture is to be found.
 * @property {string} picture
 * @property {number} sequence Of the browser's searches.
 * @property {string | null} model
 * @property {number} points_per_side
 * @property {number} crop_layers
 *
 * @typedef {object} EveryMask One mask that was found.
 * @property {Rle} rle
 * @property {[x: number, y: number, width: number, height: number]} bbox
 * @property {number} area
 * @property {number} predicted_iou
 * @property {number} stability
 * @property {Point} point Of the grid.
 * @property {number} candidate Which of the candidates of a click there it is, 0 the surest.
 * @property {(readonly [low: number, high: number])[]} stays The stability thresholds with which it stays, over `low`
 *   and `high` at most: with others it is a duplicate of a surer mask.
 *
 * @typedef {{ predicted_iou: number, stability: number }} Least Masks with lower scores are left out.
 *
 * @typedef {object} EverythingNews Of a search for everything: how far it is, or what was found.
 * @property {number} [sequence]
 * @property {number} [done] Of the points.
 * @property {number} [points]
 * @property {boolean} [has_begun] The picture is encoded, and nobody is before this search any more.
 * @property {string} [work] Until then, what is waited for, in a sentence; empty where that cannot be told.
 * @property {boolean} [is_over] Nothing more comes; without masks it was stopped.
 * @property {EveryMask[]} [sam] The largest first.
 * @property {EveryMask[]} [sam_hq]
 * @property {number} [left_out] Masks that are too many to be sent.
 * @property {Least} [least] What was asked for.
 * @property {Least} [first] What of it is to be seen at first.
 * @property {number} [milliseconds]
 * @property {string} [error]
 * @property {Missing} [needs]
 *
 * @typedef {{ picture: string, sequence: number }} StopRequest A search is to be stopped.
 * @typedef {{ stopped?: boolean } & Failed} Stopped Whether it was under way.
 *
 * @typedef {{ picture: string, model: string | null, queue: "encode" | "everything" }} PlaceRequest Where a page
 *   stands with it is wanted, and in which queue its event waits.
 * @typedef {{ work?: string } & Failed} PlaceReply What is waited for, in a sentence; empty where nothing is.
 */

/**
 * @typedef {object} Failed What every function may answer instead.
 * @property {string} [error] A sentence for the visitor.
 * @property {Missing} [needs]
 *
 * @typedef {object} MaskRequest The mask in an uploaded file is wanted.
 * @property {string} picture
 * @property {string} path
 * @property {string} [label] The one that was chosen of several.
 *
 * @typedef {object} FoundMask The mask; or the labels in the file, of which one is to be chosen.
 * @property {Rle} [rle]
 * @property {Rle | null} [void] The pixels that no score counts.
 * @property {string} [how] How the file was read.
 * @property {string[]} [labels]
 * @typedef {FoundMask & Failed} MaskReply
 *
 * @typedef {{ picture: string, text: string }} PromptsRequest The text of a saved file.
 * @typedef {{ objects?: SavedObject[], settings?: Settings } & Failed} PromptsReply
 * @typedef {{ path?: string, name?: string } & Failed} ExportReply Where the file is, and what to call it.
 * @typedef {{ text?: string } & Failed} CodeReply
 * @typedef {{ picture: string, path?: string, name?: string }} AgainRequest With an upload where the server lost it.
 * @typedef {{ picture?: Picture } & Failed} AgainReply
 *
 * @typedef {object} ShownMask
 * @property {Rle | null} rle
 * @property {number} predicted_iou
 * @typedef {object} ShownObject
 * @property {string} name
 * @property {string} color
 * @property {Prompt} prompt
 * @property {ShownMask} sam
 * @property {ShownMask} sam_hq
 * @typedef {object} ExportRequest
 * @property {string} picture
 * @property {string} what A kind of file.
 * @property {Branch} branch Whose masks are in it.
 * @property {boolean} soft_edge
 * @property {ShownObject[]} objects
 *
 * @typedef {object} CodeObject
 * @property {string} name
 * @property {Prompt} prompt
 * @property {readonly RefineStep[]} steps
 * @property {Rle} [mask]
 * @property {Rle} [truth]
 * @property {Rle} [void]
 * @property {Choice} choice
 * @typedef {object} CodeRequest
 * @property {string} picture
 * @property {"python" | "curl"} language
 * @property {string} origin
 * @property {Settings} settings
 * @property {CodeObject[]} objects
 *
 * @typedef {object} Server Python's functions; a connection that is lost rejects or gives nothing.
 * @property {(question: Question) => Promise<Reply | undefined>} decode
 * @property {(request: MaskRequest) => Promise<MaskReply | undefined>} mask
 * @property {(request: PromptsRequest) => Promise<PromptsReply | undefined>} prompts
 * @property {(request: ExportRequest) => Promise<ExportReply | undefined>} export
 * @property {(request: CodeRequest) => Promise<CodeReply | undefined>} code
 * @property {(request: AgainRequest) => Promise<AgainReply | undefined>} [again]
 * @property {(request: StopRequest) => Promise<Stopped | undefined>} [stop]
 * @property {(request: PlaceRequest) => Promise<PlaceReply | undefined>} [place]
 */

/** The two branches' keys, in the order in which they are shown. */
export const BRANCHES = /** @type {const} */ (["sam", "sam_hq"]);

/** @type {Readonly<Record<Branch, string>>} */
export const BRANCH_NAMES = { sam: "SAM", sam_hq: "SAM-HQ" };

/**
 * Whether an answer is the first, quick one.
 *
 * @param {ObjectPreview | ObjectComparison} found
 * @returns {found is ObjectPreview}
 */
export function isPreview(found) {
  return "is_preview" in found;
}
