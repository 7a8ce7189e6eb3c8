#!/usr/bin/python3
"""The steps of notebooks/search.csx with sentence-transformers, for how many lines they take. Not run here: pip's packages are out of reach.

    pip install sentence-transformers
    python3 search.py passing messages between processes of a parallel program
"""
import re
import sys

from sentence_transformers import SentenceTransformer, util

question = " ".join(sys.argv[1:]) or "passing messages between processes of a parallel program"
model = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2")
model.max_seq_length = 32
packages = re.findall(r"^Package: (.*)$[\s\S]*?^Description: (.*)$", open("/var/lib/dpkg/status", encoding="utf-8").read(), re.M)
places = model.encode([text for _, text in packages], batch_size=64, normalize_embeddings=True)
alike = util.semantic_search(model.encode(question, normalize_embeddings=True), places, top_k=5)[0]
print(f"{question}: of {len(packages)} packages")
for found in alike:
    name, text = packages[found["corpus_id"]]
    print(f"  {found['score']:.3f}  {name}: {text}")
