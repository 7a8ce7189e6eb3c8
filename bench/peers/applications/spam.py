#!/usr/bin/python3
"""The steps of notebooks/spam.csx with Hugging Face's transformers, for how many lines they take. Not run here: pip's packages are out of reach.

    pip install torch transformers accelerate datasets
    python3 spam.py                                   # takes sentence-transformers/all-MiniLM-L6-v2 from the hub
    torchrun --nproc-per-node 2 spam.py --checkpoint
"""
import argparse
import html
import re
from email import message_from_bytes, policy
from pathlib import Path

import numpy
import torch
from datasets import Dataset
from transformers import AutoModel, AutoTokenizer, Trainer, TrainingArguments, set_seed

parser = argparse.ArgumentParser()
parser.add_argument("--mails", default="package/data")
parser.add_argument("--tokens", type=int, default=64)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--learning-rate", type=float, default=2e-3)
parser.add_argument("--checkpoint", action="store_true", help="recompute activations")
parser.add_argument("--out", default="runs/spam")
options = parser.parse_args()
set_seed(1)

name = "sentence-transformers/all-MiniLM-L6-v2"
words = AutoTokenizer.from_pretrained(name)


def read(path):
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    try:
        body = mail.get_body(("plain", "html")).get_content()
    except (AttributeError, KeyError, LookupError):  # no text, or in letters that Python does not know
        body = ""
    body = html.unescape(re.sub(r"(?is)<(style|script)\b.*?</\1>|<[^>]*>", " ", body))
    return f"{mail['From']} . {mail['Subject']} . " + re.sub(r"https?://\S+|\s+", " ", body)


files = sorted(Path(options.mails).rglob("*.txt"))
mails = Dataset.from_dict({"text": [read(f) for f in files], "label": [int("/spam-" in str(f)) for f in files]})
mails = mails.map(lambda m: words(m["text"], truncation=True, padding="max_length", max_length=options.tokens), batched=True)
parts = mails.train_test_split(0.2, seed=1)


class Spam(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = AutoModel.from_pretrained(name, add_pooling_layer=False)
        if options.checkpoint:
            self.bert.gradient_checkpointing_enable()
        self.head = torch.nn.Linear(self.bert.config.hidden_size, 2)
        for key, parameter in self.bert.named_parameters():
            parameter.requires_grad = key.startswith(("encoder.layer.4.", "encoder.layer.5."))

    def forward(self, input_ids, attention_mask, token_type_ids=None, labels=None):
        states = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        scores = self.head(states[:, 0])
        return {"loss": torch.nn.functional.cross_entropy(scores, labels), "logits": scores}


arguments = TrainingArguments(options.out, num_train_epochs=options.epochs, per_device_train_batch_size=options.batch_size,
                              evaluation_strategy="epoch", save_strategy="epoch", save_total_limit=2, logging_steps=1)
accuracy = lambda said: {"accuracy": float((numpy.argmax(said.predictions, 1) == said.label_ids).mean())}
model = Spam()
body = [p for p in model.bert.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW([{"params": body, "lr": options.learning_rate / 10}, {"params": model.head.parameters()}], options.learning_rate, weight_decay=0.01)
steps = options.epochs * (len(parts["train"]) // options.batch_size)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [g["lr"] for g in optimizer.param_groups], total_steps=steps + options.epochs)
trainer = Trainer(model, arguments, optimizers=(optimizer, schedule), train_dataset=parts["train"], eval_dataset=parts["test"], tokenizer=words, compute_metrics=accuracy)
trainer.train()
print(f"{trainer.evaluate()['eval_accuracy']:.2%} of {len(parts['test'])} mails are told apart")
