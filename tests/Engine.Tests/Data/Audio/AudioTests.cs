using System.Globalization;
using System.Text;
using Interactive.Data;
using Interactive.Engine.Tests.Data.Loading;
using Interactive.Graphs;

namespace Interactive.Engine.Tests.Data.Audio;

/// <summary>
/// Our numbers against those of Debian's torchaudio (golden.py has made golden.txt), and real sounds.
/// </summary>
public class AudioTests
{
    private const string Letters = "/usr/share/klettres/en"; // of Debian's package klettres-data

    private static readonly Dictionary<string, string[]> golden =
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data/Audio/golden.txt"))
        .Select(line => line.Split(' ')).ToDictionary(p => string.Join(' ', p[..Array.FindIndex(p, IsShape)]),
            p => p[Array.FindIndex(p, IsShape)..]);

    private static bool IsShape(string text) => text.Contains('x') || text is "6532" or "3266" or "18002" or "9001";

    // The sound of golden.py.
    private static float[] Made(int count) => [.. Enumerable.Range(0, count).Select(i
        => (float)(0.4 * Math.Sin((double)i * i / 9000) + (i * 2654435761L % 1000 - 500) / 2500.0))];

    private static void Same(string name, float[] values, string shape, double tolerance)
    {
        Assert.Equal(golden[name][0], shape);
        var expected = golden[name][1..].Select(t => double.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        double[] actual = [values.Average(v => (double)v), values.Average(v => (double)v * v),
            .. Enumerable.Range(0, 16).Select(i => (double)values[(long)i * (values.Length - 1) / 15])];
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], tolerance);
    }

    [Theory]
    [InlineData(16000)]
    [InlineData(8000)]
    [InlineData(44100)]
    [InlineData(22050)]
    public void Rates_are_changed_as_torchaudio_does(int rate)
    {
        var sound = Resampling.Run(new Sound(Made(9001), 22050), rate);
        Same($"resample {rate}", sound.Samples, $"{sound.Samples.Length}", 2e-5);
    }

    [Theory]
    [InlineData(64, 400, 160)]
    [InlineData(40, 512, 128)]
    [InlineData(80, 1024, 1024)]
    public void Spectrograms_are_torchaudio_s(int bands, int window, int hop)
    {
        using var mel = new MelSpectrogram(22050, bands, window, hop);
        var numbers = mel.Of(Made(9001));
        Same($"logmel {bands} {window} {hop}", numbers, $"{bands}x{numbers.Length / bands}", 1e-3);
        Same($"bands {bands} {window}", MelSpectrogram.Bands(22050, bands, window / 2 + 1),
            $"{bands}x{window / 2 + 1}", 1e-5);
    }

    internal static byte[] Wav(float[] samples, int rate, int bits, int channels = 1, bool real = false)
    {
        using var data = new MemoryStream();
        foreach (var s in samples)
            data.Write((bits, real) switch
            {
                (8, _) => [(byte)(128 + Math.Round(s * 127))],
                (16, _) => BitConverter.GetBytes((short)Math.Round(s * 32767)),
                (24, _) => BitConverter.GetBytes((int)Math.Round(s * 8388607))[..3],
                (32, false) => BitConverter.GetBytes((int)Math.Round(s * 2147483000.0)),
                (32, _) => BitConverter.GetBytes(s),
                _ => BitConverter.GetBytes((double)s),
            });
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        void Text(string text) => writer.Write(Encoding.ASCII.GetBytes(text));
        Text("RIFF");
        writer.Write(36 + (int)data.Length);
        Text("WAVEfmt ");
        writer.Write(16);
        writer.Write((short)(real ? 3 : 1));
        writer.Write((short)channels);
        writer.Write(rate);
        writer.Write(rate * channels * bits / 8);
        writer.Write((short)(channels * bits / 8));
        writer.Write((short)bits);
        Text("LIST"); // a part that is skipped
        writer.Write(3);
        Text("abc\0data");
        writer.Write((int)data.Length);
        writer.Write(data.ToArray());
        return file.ToArray();
    }

    [Theory]
    [InlineData(8, false, 1e-2)]
    [InlineData(16, false, 5e-5)]
    [InlineData(24, false, 3e-7)]
    [InlineData(32, false, 1e-6)]
    [InlineData(32, true, 0)]
    [InlineData(64, true, 0)]
    public void Wav_of_each_kind_is_read(int bits, bool real, double tolerance)
    {
        var made = Made(500);
        var sound = Sound.Decode(Wav(made, 8000, bits, real: real));
        Assert.Equal((8000, 500), (sound.Rate, sound.Samples.Length));
        for (var i = 0; i < 500; i++) Assert.Equal(made[i], sound.Samples[i], tolerance);
        var stereo = Sound.Decode(Wav(made, 8000, bits, channels: 2, real));
        Assert.Equal(250, stereo.Samples.Length);
        for (var i = 0; i < 250; i++) Assert.Equal((made[2 * i] + made[2 * i + 1]) / 2, stereo.Samples[i],
            tolerance + 1e-7);
    }

    private static void Write(TemporaryFiles files)
    {
        foreach (var kind in (string[])["high", "low"])
            for (var i = 0; i < 8; i++)
            {
                Directory.CreateDirectory(files[kind]);
                File.WriteAllBytes(files[$"{kind}/{i}.wav"], Wav(Made(3000 + 700 * i), kind == "low" ? 8000
                    : 11025, 16));
            }
    }

    [Fact]
    public void Any_workers_and_ranks_read_the_same_batches_and_a_net_learns_from_them()
    {
        using var files = new TemporaryFiles();
        Write(files);
        var sounds = Dataset.FromAudio(files.Folder)
            .Audio(x => x.Resample(8000).Seconds(0.5).Gain(3).LogMel(20, 256, 128));
        Assert.Equal((16, new Shape(1, 20, 32), 2), (sounds.Count, sounds.Shape, sounds.Classes));
        var expected = Streams.Hash(sounds);
        foreach (var (workers, ranks) in ((int, int)[])[(1, 2), (2, 4), (8, 1)]) Assert.Equal(expected,
            Streams.Hash(sounds, workers, ranks));
        Assert.NotEqual(expected, Streams.Hash(sounds, seed: 12));
        using var first = sounds.Read([0, 15]);
        using var second = sounds.Read([0, 15]);
        Assert.Equal(first.Input.bytes.ToArray(), second.Input.bytes.ToArray());
        Assert.Equal([0L, 1L], first.Target.data<long>().ToArray());
        var samples = Dataset.FromAudio(files.Folder).Audio(x => x.Resample(11025).Seconds(1));
        using var plain = samples.Read([0]);
        Assert.Equal([1L, 1, 11025], plain.Input.shape);
        Assert.Equal(0f, plain.Input[0, 0, 11024].item<float>()); // silence behind the end
    }

    [Fact]
    public void Silence_is_cut_off_and_a_speed_changes_with_the_epoch_alone()
    {
        using var files = new TemporaryFiles();
        Directory.CreateDirectory(files["one"]);
        var (quiet, loud) = (Array.ConvertAll(Made(800), s => s / 1000), Made(4000));
        File.WriteAllBytes(files["one/a.wav"], Wav([.. quiet, .. loud, .. quiet, .. quiet], 8000, 32, real: true));
        var sounds = Dataset.FromAudio(files.Folder);
        using var whole = sounds.Audio(x => x.Resample(8000)).Read([0]);
        Assert.Equal(6400, whole.Input.numel());
        var trimmed = sounds.Audio(x => x.Resample(8000).Trim(40).Speed(0.2));
        using var cut = trimmed.Read([0]);
        Assert.Equal(loud, cut.Input.data<float>().ToArray()); // its own speed in evaluation
        Assert.Equal(6400, sounds.Audio(x => x.Resample(8000).Trim(80)).Shape.Elements);

        // one length for all: what is played faster is followed by silence sooner
        var spoken = sounds.Audio(x => x.Resample(8000).Trim(40).Speed(0.2).Seconds(0.7));
        int End(int? epoch, ulong seed)
        {
            using var batch = spoken.Read([0], epoch, seed);
            return Array.FindLastIndex(batch.Input.data<float>().ToArray(), s => s != 0) + 1;
        }
        int[] ends = [.. Enumerable.Range(0, 12).Select(epoch => End(epoch, 1))];
        Assert.Equal(ends, Enumerable.Range(0, 12).Select(epoch => End(epoch, 1)));
        Assert.All(ends, end => Assert.InRange(end, 4000 / 1.2 - 2, 4000 / 0.8 + 2));
        Assert.True(ends.Distinct().Count() > 5, string.Join(" ", ends));
        Assert.Equal("a change of speed must be 0 to 0.5, got 0.6", Assert.Throws<UsageException>(() => new AudioPipeline().Speed(0.6)).Message);
        Assert.Equal("silence must be above 0 and at most 200 decibels below the loudest, got 0", Assert.Throws<UsageException>(() => new AudioPipeline().Trim(0)).Message);
    }

    [Fact]
    public void What_is_no_sound_is_named_in_one_line()
    {
        using var files = new TemporaryFiles();
        Write(files);
        string Error(Action run) => Assert.Throws<UsageException>(run).Message;
        AudioBatches Batches() => Dataset.FromAudio(files.Folder)
            .Audio(x => x.Resample(8000).Seconds(0.5).LogMel(20, 256, 128));
        var whole = File.ReadAllBytes(files["high/3.wav"]);
        var batches = Batches();
        void Said(byte[] bytes, string problem)
        {
            File.WriteAllBytes(files["high/3.wav"], bytes);
            Assert.Equal($"sample 3 ({files["high/3.wav"]}) cannot be read: {problem}", Error(()
                => batches.Read([0, 1, 2, 3])));
        }
        Said(whole[..2000], "it is cut short: a part has 10200 bytes, 1944 are left");
        Said([], "it is neither WAV nor Ogg Vorbis: it is empty");
        Said(Encoding.ASCII.GetBytes("hello"), "it is neither WAV nor Ogg Vorbis");
        Said([.. whole[..34], 12, .. whole[35..]], "WAV of kind 1 with 12 bits is not read: whole numbers of 8, 16, 24 or 32 bits and floating point are");
        Said(Wav([0.5f, float.NaN], 8000, 32, real: true), "a sample is no finite number");
        Said(Encoding.ASCII.GetBytes("OggS, but no page of it"), "it is cut short in the header at byte 0");
        File.WriteAllBytes(files["high/3.wav"], whole);
        var free = Dataset.FromAudio(files.Folder).Audio(x => x.Resample(8000));
        Assert.Equal($"sample 1 ({files["high/1.wav"]}): it is 1x2685, the first is 1x2177: give all one length by Seconds", Error(() => free.Read([0, 1])));
        Directory.CreateDirectory(files["none"]);
        Assert.Equal($"{files["none"]}: class 'none' has no sound (.wav, .ogg, .oga)", Error(() => Batches()));
        Assert.Equal("log-mel takes 1 to 128 bands of a window of 256 samples, got 200", Error(()
            => new AudioPipeline().LogMel(200, 256)));
        Assert.Equal("a rate must be 100 to 384000 samples a second, got 5", Error(()
            => new AudioPipeline().Resample(5)));
    }

    [SkippableFact]
    public void Spoken_letters_of_Debian_are_read()
    {
        Skip.IfNot(Directory.Exists(Letters), "no spoken letters: apt-get install klettres-data");
        var sounds = Dataset.FromAudio(Letters).Audio(x => x.Resample(16000).Seconds(1).LogMel());
        Assert.Equal((45, new Shape(1, 64, 101)), (sounds.Count, sounds.Shape));
        Assert.Equal(["alpha", "syllab"], sounds.ClassNames);
        using var all = sounds.Read([.. Enumerable.Range(0, 45)]);
        Assert.True(all.Input.isfinite().all().item<bool>());
        var file = File.ReadAllBytes(sounds.Origin(0)!);
        var error = Assert.Throws<InvalidDataException>(() => Sound.Decode(file.AsMemory(0, file.Length / 2)));
        Assert.StartsWith("it is cut short", error.Message);
        file[file.Length / 2] ^= 1;
        Assert.EndsWith("has another checksum", Assert.Throws<InvalidDataException>(() => Sound.Decode(file)).Message);
    }

    // libsndfile's samples of the same file, by Debian's python3-soundfile:
    // x, r = soundfile.read("/usr/share/klettres/en/alpha/A.ogg"); then of x.mean(1) what Same looks at
    [SkippableFact]
    public void Ogg_Vorbis_has_libsndfile_s_samples()
    {
        var path = $"{Letters}/alpha/A.ogg";
        Skip.IfNot(File.Exists(path), "no spoken letters: apt-get install klettres-data");
        var sound = Sound.Decode(File.ReadAllBytes(path));
        Same("ogg", sound.Samples, $"{sound.Samples.Length}x{sound.Rate}", 2e-5);
    }
}
