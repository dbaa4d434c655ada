"""One training step: a click, a box and a third prompt for each object, and their losses."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from samhq_demo.models.sam import decode_sam
from samhq_demo.models.sam_hq import decode_sam_hq, hq_features
from training.losses import AffinityHead, mask_iou, mask_loss, moved
from training.prompting import correction, embed_prompt, more_points, rough_mask

# What was measured on the way, scalars that are left where they are: to read one waits for a GPU.
Meter = dict[str, Tensor]
# Where SAM's mask and a segment overlap so far, the segment is on average the closer one to what people draw.
_FOUND = 0.8


class Lesson:
    """One model in training: turns a batch into a loss.

    `generator` draws places on the model's device; `choices`, on the CPU, what is asked, so that nothing
    waits for a GPU.
    """

    def __init__(
        self, model: nn.Module, *, hq: bool, generator: torch.Generator, choices: torch.Generator
    ) -> None:
        self.model, self.hq, self.generator, self.choices = model, hq, generator, choices
        self.affinity = None if hq else AffinityHead(model.config.vision_config.output_channels)

    def _decode(self, picture: dict[str, Tensor], rows: Tensor, prompt: dict[str, Tensor | None]):
        inputs = {key: value[rows] for key, value in picture.items() if key != "positions"}
        decode = decode_sam_hq if "features" in inputs else decode_sam
        return decode(self.model.mask_decoder, image_positions=picture["positions"], **inputs, **prompt)

    @torch.no_grad()
    def _decode_own(self, picture: dict[str, Tensor], rows: Tensor, prompt: dict[str, Tensor | None]):
        """What SAM itself answers, without the HQ token."""
        plain = {key: value for key, value in picture.items() if key != "features"}
        return self._decode(plain, rows, prompt)

    def _encode(self, pixels: Tensor) -> dict[str, Tensor]:
        positions = self.model.get_image_wide_positional_embeddings()
        if not self.hq:
            seen = self.model.vision_encoder(pixels)
            return {"image_embeddings": seen.last_hidden_state, "positions": positions}
        with torch.no_grad():
            seen = self.model.vision_encoder(pixels)
        features = hq_features(
            self.model.mask_decoder,
            image_embeddings=seen.last_hidden_state,
            early_embeddings=seen.intermediate_embeddings[0],
        )
        return {"image_embeddings": seen.last_hidden_state, "features": features, "positions": positions}

    def _sam_loss(self, decoded, truth: Tensor, meter: Meter, name: str) -> Tensor:
        logits, scores = decoded.logits.float(), decoded.iou_scores.float()
        losses = mask_loss(logits, truth)  # (B, 4)
        iou = mask_iou(logits, truth)
        meter[name] = iou[:, 0].mean()
        meter[f"{name}_chosen"] = iou[:, 1:].gather(1, scores[:, 1:].argmax(1, keepdim=True)).mean()
        return losses[:, 0].mean() + losses[:, 1:].amin(1).mean() + F.mse_loss(scores, iou)

    def _hq_loss(
        self, decoded, own, truth: Tensor, low: Tensor, *, exact: Tensor, meter: Meter, name: str
    ) -> Tensor:
        """Of the HQ mask added to SAM-HQ's inner masks, which the app shows; for less of the HQ mask alone.

        A click is answered with candidates: of an object whose rim is known the one that fits learns, and the
        others stay. A segment of a photo, whose rim nobody has drawn, teaches its rim if SAM finds it, and
        else to leave every mask of SAM as it is. The HQ token is seen by SAM's tokens, so the inner masks
        and their scores learn to stay SAM's `own`.
        """
        masks = slice(1, 4) if name == "click" else slice(0, 1)
        inner, sam = decoded.logits[:, masks].float(), own.logits[:, masks].float()
        alone = decoded.logits[:, 4:].float()
        exact = exact | (mask_iou(sam, low).amax(1) >= _FOUND)
        fits = mask_loss(sam, low).argmin(1)
        rows = torch.arange(len(fits), device=fits.device)
        both = F.interpolate(inner[rows, fits].unsqueeze(1) + alone, truth.shape[-2:], mode="bilinear")
        fitting = sam[rows, fits].unsqueeze(1)
        meter[name] = mask_iou(both, truth).mean()
        meter[f"{name}_sam"] = mask_iou(fitting, low).mean()
        improved = mask_loss(both, truth).mean(1)
        kept = mask_loss(inner + alone, (sam > 0).float())
        others = kept.sum(1) - kept[rows, fits]
        drift = moved(inner, sam).mean() + 2 * F.mse_loss(decoded.iou_scores.float(), own.iou_scores.float())
        meter[f"{name}_drift"] = drift.detach()
        wanted = torch.where(exact.view(-1, 1, 1, 1), low, (fitting > 0).float())
        still = 1.5 * kept.mean(1) + 2 * moved(inner + alone, sam).mean(1)
        learnt = torch.where(exact, improved + 0.3 * others, still).mean()
        return learnt + 5 * drift + 0.2 * mask_loss(alone, wanted).mean()

    def __call__(self, batch: dict[str, Tensor]) -> tuple[Tensor, Meter]:
        count, draw = batch["masks"].shape[1] // 3, self.generator
        picture = self._encode(batch["pixels"].float())
        device = batch["pixels"].device
        rows = torch.arange(len(batch["pixels"]), device=device).repeat_interleave(count)
        every = len(rows)

        def group(key: str, i: int) -> Tensor:
            return batch[key][:, i * count : (i + 1) * count].flatten(0, 1).float()

        fine = [group("masks", i).unsqueeze(1) for i in range(3)]
        low = [F.avg_pool2d(masks, 2) for masks in fine]
        exact = [batch["exact"][:, i * count : (i + 1) * count].flatten() for i in range(3)]
        meter: Meter = {}

        def loss_of(decoded, prompt: dict[str, Tensor | None], i: int, name: str) -> Tensor:
            if self.hq:
                own = self._decode_own(picture, rows, prompt)
                return self._hq_loss(decoded, own, fine[i], low[i], exact=exact[i], meter=meter, name=name)
            return self._sam_loss(decoded, low[i], meter, name)

        clicks, ones = group("clicks", 0).unsqueeze(1), torch.ones(every, 1, dtype=torch.long, device=device)
        prompt = embed_prompt(self.model, points=clicks, labels=ones, count=every)
        clicked = self._decode(picture, rows, prompt)
        loss = loss_of(clicked, prompt, 0, "click") * (0.6 if self.hq else 1.0)

        prompt = embed_prompt(self.model, boxes=group("boxes", 1), count=every)
        loss = loss + loss_of(self._decode(picture, rows, prompt), prompt, 1, "box")

        kind = int(torch.randint(0, 4, (), generator=self.choices))
        if kind == 0:  # the same click, its answer and a correction
            answer = clicked.logits[:, 4 if self.hq else 0].detach().float()
            at, label = correction(answer, low[0].squeeze(1), draw)
            prompt = embed_prompt(
                self.model,
                points=torch.cat([clicks, 2 * at.unsqueeze(1)], 1),
                labels=torch.cat([ones, label.unsqueeze(1)], 1),
                masks=answer.unsqueeze(1),
                count=every,
            )
            third = 0
        elif kind == 1:  # a rough mask, nothing else
            prompt = embed_prompt(self.model, masks=rough_mask(low[2].squeeze(1), self.choices), count=every)
            third = 2
        else:  # more points, with and without a box
            number = int(torch.randint(1, 4, (), generator=self.choices))
            at, label = more_points(low[2].squeeze(1), number, draw)
            first = group("clicks", 2).unsqueeze(1)
            prompt = embed_prompt(
                self.model,
                points=torch.cat([first, 2 * at], 1),
                labels=torch.cat([ones, label], 1),
                boxes=group("boxes", 2) if kind == 3 else None,
                count=every,
            )
            third = 2
        loss = loss + 0.7 * loss_of(
            self._decode(picture, rows, prompt),
            prompt,
            third,
            ("refine", "mask", "points", "box_points")[kind],
        )
        if self.affinity is not None:
            near = self.affinity(picture["image_embeddings"].float(), batch["instances"], draw)
            meter["affinity"] = near.detach()
            loss = loss + 0.5 * near
        return loss, meter
