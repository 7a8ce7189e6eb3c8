#!/usr/bin/python3
"""Prints the SHA-1 of what Debian's Pillow and torchvision make of one computed picture: golden.txt, with which PillowTests compares.

    apt-get install python3-torchvision && /usr/bin/python3 golden.py > golden.txt
"""
import hashlib
import math

import numpy as np
import torchvision.transforms.functional as F
from PIL import Image

WIDTH, HEIGHT = 97, 61


def picture():
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(3), indexing="ij")
    noise = (x * 2654435761 + y * 40503 + c * 9176 + x * y * 7) % 256
    smooth = 128 + 100 * ((x * (c + 1) + y) // 16 % 2)
    return Image.fromarray(np.where((x // 24 + y // 24) % 2 == 0, noise, smooth).astype(np.uint8))


def say(name, image):
    print(name, hashlib.sha1(np.asarray(image).tobytes()).hexdigest())


im = picture()
say("picture", im)
for box, size in [((0, 0, 97, 61), (224, 224)), ((0, 0, 97, 61), (13, 7)), ((5, 3, 90, 50), (32, 32)), ((40, 20, 97, 61), (57, 9)), ((1, 2, 31, 52), (30, 200)),
                  ((0, 0, 97, 61), (1, 1)), ((0, 0, 97, 61), (96, 60)), ((10, 10, 11, 11), (8, 8)), ((3, 0, 97, 60), (47, 30)), ((60, 30, 97, 61), (64, 64))]:
    say("bilinear %d %d %d %d %d %d" % (box + size), im.crop(box).resize(size, Image.BILINEAR))
    say("nearest %d %d %d %d %d %d" % (box + size), im.crop(box).resize(size, Image.NEAREST))
for degrees in [7.3, -30, 45.5, 121]:
    say("rotate %s" % degrees, F.affine(im, degrees, [0, 0], 1.0, [0, 0]))
say("affine 12 5 -3 1.2 8", F.affine(im, 12, [5, -3], 1.2, [8, 0]))
say("affine 0 9 4 1 0", F.affine(im, 0, [9, 4], 1.0, [0, 0]))
say("affine 0 0 0 0.7 0", F.affine(im, 0, [0, 0], 0.7, [0, 0]))
say("shear", F.affine(im, 0, [0, 0], 1.0, [math.degrees(math.atan(0.2)), 0], center=[0, 0]))
for factor in [0, 0.4, 1, 1.7]:
    say("brightness %s" % factor, F.adjust_brightness(im, factor))
    say("contrast %s" % factor, F.adjust_contrast(im, factor))
    say("saturation %s" % factor, F.adjust_saturation(im, factor))
    say("sharpness %s" % factor, F.adjust_sharpness(im, factor))
for hue in [-0.5, -0.11, 0.2, 0.5]:
    say("hue %s" % hue, F.adjust_hue(im, hue))
for bits in [4, 6]:
    say("posterize %d" % bits, F.posterize(im, bits))
say("solarize 100.5", F.solarize(im, 100.5))
say("autocontrast", F.autocontrast(F.adjust_contrast(im, 0.4)))
say("equalize", F.equalize(im))
say("grayscale", im.convert("L"))
say("resize 40", F.resize(im, 40))
for size in [31, 50, 80, 128]:
    say("center %d" % size, F.center_crop(im, size))
say("mirrored", F.hflip(im))
say("upside down", F.vflip(im))
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
say("normalised", F.normalize(F.to_tensor(im), mean, std).numpy())
