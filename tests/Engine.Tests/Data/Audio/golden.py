#!/usr/bin/python3
"""Prints what Debian's torchaudio makes of one computed sound: golden.txt, with which AudioTests compares.

    apt-get install python3-torchaudio python3-soundfile klettres-data && /usr/bin/python3 golden.py > golden.txt
"""
import numpy as np
import soundfile
import torch
import torchaudio

RATE = 22050


def sound(count):
    i = np.arange(count)
    return torch.tensor((0.4 * np.sin(i * i / 9000) + ((i * 2654435761 % 1000) - 500) / 2500).astype(np.float32))


def say(name, values):
    flat = values.double().flatten()
    chosen = flat[torch.arange(16) * (len(flat) - 1) // 15]
    print(name, "x".join(map(str, values.shape)), *["%.6g" % v for v in [flat.mean(), (flat**2).mean(), *chosen]])


x = sound(9001)
for to in [16000, 8000, 44100, 22050]:
    say("resample %d" % to, torchaudio.functional.resample(x, RATE, to))
for bands, window, hop in [(64, 400, 160), (40, 512, 128), (80, 1024, 1024)]:
    mel = torchaudio.transforms.MelSpectrogram(RATE, n_fft=window, hop_length=hop, n_mels=bands)
    say("logmel %d %d %d" % (bands, window, hop), torch.log(mel(x) + 1e-6))
    say("bands %d %d" % (bands, window), torchaudio.functional.melscale_fbanks(window // 2 + 1, 0, RATE // 2, bands, RATE).T)

# libsndfile's samples of a file of Debian's package klettres-data
samples, rate = soundfile.read("/usr/share/klettres/en/alpha/A.ogg", always_2d=True)
mono = torch.tensor(samples.mean(1))
flat = mono[torch.arange(16) * (len(mono) - 1) // 15]
print("ogg", "%dx%d" % (len(mono), rate), *["%.6g" % v for v in [mono.mean(), (mono**2).mean(), *flat]])
