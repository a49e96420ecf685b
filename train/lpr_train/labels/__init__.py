"""Labels made with other tools come in as `labels.jsonl`, and go back out as COCO and YOLO.

`formats/` reads each tool's files as they are. What they mean is decided here, once for all of them: `corners`, `texts`
(rows, legibility, kind), `upright` (EXIF), `splits` (which vehicle is tested on).
"""
