using System.Formats.Tar;
using System.Text;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Formats;

public class WebDatasetTests
{
    private static string Write(string path, TarEntryFormat format, params (string Name, string Text)[] files)
    {
        using (var tar = new TarWriter(File.Create($"{path}.new"), format))
            Fill(tar, format, files);
        File.Move($"{path}.new", path, overwrite: true); // as one that is read already must be replaced
        return path;
    }

    private static void Fill(TarWriter tar, TarEntryFormat format, (string Name, string Text)[] files)
    {
        foreach (var (name, text) in files)
        {
            TarEntry entry = format == TarEntryFormat.Pax ? new PaxTarEntry(TarEntryType.RegularFile, name)
                : new GnuTarEntry(TarEntryType.RegularFile, name);
            entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text));
            tar.WriteEntry(entry);
        }
    }

    [Theory]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public void Neighbours_with_one_key_are_a_sample(TarEntryFormat format)
    {
        using var files = new TemporaryFiles();
        var deep = string.Join('/', Enumerable.Repeat("a-rather-long-folder", 8));
        var path = Write(files["a.tar"], format, ("x/00.cls", "3"), ("x/00.Seg.PNG", "mask"), ("x/01.cls", "4\n"),
            (".hidden", "no"), ("README", "no"), ($"{deep}/02.txt", "long"));
        var data = Dataset.FromWebDataset(path);
        Assert.Equal(3, data.Count);
        Assert.Equal(["x/00", "x/01", $"{deep}/02"], Enumerable.Range(0, 3).Select(i => data[i].Text("__key__")));
        Assert.Equal((3, "mask"), (data[0].Integer("cls"), data[0].Text("seg.png")));
        Assert.Equal((4, "long"), (data[1].Integer("cls"), data[2].Text("txt")));
        Assert.Equal($"{path}, x/01", data.Origin(1));
    }

    [Fact]
    public void The_side_index_is_used_while_the_archive_stays_the_same()
    {
        using var files = new TemporaryFiles();
        var path = Write(files["a.tar"], TarEntryFormat.Gnu, ("0.txt", "one"), ("1.txt", "two"));
        Assert.Equal(2, Dataset.FromWebDataset(path).Count);
        var side = File.ReadAllText($"{path}.index");
        // what the index says is believed: a name in it shows that the archive was not searched again
        File.WriteAllText($"{path}.index", side.Replace("1.txt", "7.txt"));
        Assert.Equal("7", Dataset.FromWebDataset(path)[1].Text("__key__"));
        Write(path, TarEntryFormat.Gnu, ("0.txt", "one"), ("1.txt", "two"), ("2.txt", "three"));
        Assert.Equal(3, Dataset.FromWebDataset(path).Count);
        var whole = File.ReadAllLines($"{path}.index");
        // beyond the archive
        File.WriteAllLines($"{path}.index", [whole[0], whole[1], whole[2], "9223372036854775807 1 2.txt"]);
        Assert.Equal("three", Dataset.FromWebDataset(path)[2].Text("txt"));
        File.WriteAllText($"{path}.index", "rubbish");
        Assert.Equal("three", Dataset.FromWebDataset(path)[2].Text("txt"));
    }

    [Fact]
    public void Several_archives_are_named_by_a_pattern_or_a_run_of_numbers()
    {
        using var files = new TemporaryFiles();
        for (var i = 8; i < 12; i++) Write(files[$"t-{i:000}.tar"], TarEntryFormat.Gnu, ("0.txt", $"{i}"));
        string[] All(string pattern)
        {
            var data = Dataset.FromWebDataset(files[pattern]);
            return [.. Enumerable.Range(0, data.Count).Select(i => data[i].Text("txt"))];
        }
        Assert.Equal(["8", "9", "10", "11"], All("t-*.tar"));
        Assert.Equal(["9", "10"], All("t-{009..010}.tar"));
        Assert.Equal($"{files["t-012.tar"]}: there is no such file",
            Assert.Throws<UsageException>(() => All("t-{010..012}.tar")).Message);
        Assert.Equal($"{files["u-*.tar"]}: there is no such file",
            Assert.Throws<UsageException>(() => All("u-*.tar")).Message);
    }

    [Fact]
    public void What_is_wrong_is_told_in_one_line()
    {
        using var files = new TemporaryFiles();
        string Error(params (string, string)[] members)
            => Assert.Throws<UsageException>(()
            => Dataset.FromWebDataset(Write(files["a.tar"], TarEntryFormat.Gnu, members))).Message;
        Assert.Equal($"{files["a.tar"]}: the path '../x.txt' leads outside its archive", Error(("../x.txt", "")));
        Assert.Equal($"{files["a.tar"]}: sample 'x' has .txt twice", Error(("x.txt", "1"), ("x.TXT", "2")));
        Assert.EndsWith("there is no sample (a file whose name has a dot)", Error(("README", "")));
        var path = Write(files["b.tar"], TarEntryFormat.Gnu, ("0.txt", new string('x', 2000)),
            ("1.txt", new string('y', 2000)));
        var whole = File.ReadAllBytes(path);
        string Cut(int length)
        {
            File.WriteAllBytes(path, whole[..length]);
            return Assert.Throws<UsageException>(() => Dataset.FromWebDataset(path)).Message;
        }
        Assert.Equal($"{path} is cut short: the file at byte 2560 has 2000 bytes, 428 are left", Cut(3500));
        Assert.Equal($"{path} is cut short: it ends in the header at byte 2560", Cut(2600));
        Assert.Equal($"{path} is no tar archive", Cut(100));
        File.WriteAllBytes(path, [.. Enumerable.Repeat((byte)'x', 2000)]);
        Assert.Equal($"{path} is no tar archive",
            Assert.Throws<UsageException>(() => Dataset.FromWebDataset(path)).Message);
        Write(path, TarEntryFormat.Gnu, ("0.pkl", "cos\nsystem\n"));
        Assert.Contains("a pickle, which runs code",
            Assert.Throws<UsageException>(() => Dataset.FromWebDataset(path)[0]).Message);
    }

    [Fact]
    public void A_class_is_a_whole_number_with_nothing_behind_it()
    {
        using var files = new TemporaryFiles();
        foreach (var (text, fits) in ((string, bool)[])[(" 3\r\n", true), ("3.7", false), ("3abc", false), ("", false)])
        {
            var data = Dataset.FromWebDataset(Write(files["c.tar"], TarEntryFormat.Ustar, ("a.cls", text), ("a.png", "p")));
            if (fits) Assert.Equal(3, data[0].Integer("cls"));
            else Assert.Contains("c.tar, a) cannot be read: its .cls is no number",
                Assert.Throws<UsageException>(() => data.AsImages()).Message);
        }
    }
}
