using System.Text;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Parquet;

public class ParquetTests
{
    // What rows.mjs has Arrow's Rust writer write: 7 rows in groups of 3, packed by zstd.
    private static readonly string rows = Path.Combine(AppContext.BaseDirectory, "Data/Parquet/rows.parquet");

    private static string Error(Action run) => Assert.Throws<UsageException>(run).Message;

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(0)] // one group is kept
    public void Rows_of_another_writer_are_records(long kept)
    {
        var data = Dataset.FromParquet(rows, kept);
        Assert.Equal(7, data.Count);
        foreach (var i in (int[])[6, 0, 3, 1, 5, 2, 4, 0])
        {
            var row = data[i];
            Assert.Equal(i * 1000 - 3, row.Integer("whole"));
            Assert.Equal(i / 4.0, row.Number("small"));
            Assert.Equal(i % 2 == 0 ? 1 : 0, row.Integer("yes"));
            Assert.Equal((i != 2, i != 5, i != 3, i is not (3 or 4), false), (row.Has("name"), row.Has("real"),
                row.Has("image.bytes"), row.Has("image.path"), row.Has("list")));
            if (i != 2) Assert.Equal($"n{i % 3}é", row.Text("name"));
            if (i != 5) Assert.Equal(i / 8.0, row.Number("real"));
            if (i != 3) Assert.Equal(new string('b', i), Encoding.ASCII.GetString(row.Bytes("image.bytes").Span));
            if (i is not (3 or 4)) Assert.Equal($"p{i}", row.Text("image.path"));
        }
        Assert.Equal($"{rows}, row group 1, row 2", data.Origin(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => data[7]);
    }

    [Fact]
    public void Many_threads_read_the_same_rows_and_a_group_is_decoded_once_where_it_finds_room()
    {
        var decoded = 0;
        Dictionary<string, object?[]> Decode(int group)
        {
            Interlocked.Increment(ref decoded);
            Thread.Sleep(5); // others ask for it meanwhile
            return new() { ["x"] = [.. Enumerable.Range(0, 10).Select(i => (object)(long)(group * 10 + i))] };
        }
        var kept = new ParquetGroups(Decode, 1 << 20);
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 },
            i => Assert.Equal((long)(i % 40), kept[i % 40 / 10]["x"][i % 10]));
        Assert.Equal(4, decoded);
        var one = new ParquetGroups(Decode, 0);
        decoded = 0;
        foreach (var group in (int[])[0, 0, 1, 1, 0]) Assert.Equal(group * 10L, one[group]["x"][0]);
        Assert.Equal(3, decoded);
        var failing = new ParquetGroups(_ => decoded++ < 4 ? throw new IOException("gone") : Decode(0), 0);
        Assert.Throws<IOException>(() => failing[0]);
        Assert.Equal(0L, failing[0]["x"][0]); // not for ever
    }

    [Fact]
    public void A_table_learns_from_its_columns()
    {
        var table = TableDataset.FromParquet(rows, target: "whole", features: ["name", "small"], skipMissing: true);
        Assert.Equal((6, 4L), (table.Count, table.Shape.Elements));
        Assert.Equal(["name=n0é", "name=n1é", "name=n2é", "small"], table.FeatureNames);
        using var batch = table.Read([0, 2]);
        Assert.Equal([-3f, 2997f], batch.Target.data<float>().ToArray());
        Assert.Equal([1f, 0f, 0f], batch.Input[0].data<float>().ToArray()[..3]);
        var classes = TableDataset.FromParquet(rows, target: "yes", features: ["small"], categories: ["yes"]);
        Assert.Equal(["0", "1"], classes.ClassNames);
    }

    [Fact]
    public void What_does_not_fit_is_one_line()
    {
        using var files = new TemporaryFiles();
        Assert.Equal($"{rows}, row 2, column 'name': the value is missing; say skipMissing: true to leave such rows out",
            Error(() => TableDataset.FromParquet(rows, "whole", ["name"])));
        Assert.Equal($"{rows}: there is no column 'size'; the columns are name, whole, real, small, yes, image.bytes, image.path",
            Error(() => TableDataset.FromParquet(rows, "size", ["whole"])));
        Assert.Equal($"{rows}: column 'list.list.item' holds lists or maps; numbers, texts and bytes are read",
            Error(() => TableDataset.FromParquet(rows, "whole", ["list.list.item"])));
        var whole = File.ReadAllBytes(rows);
        void Damaged(byte[] bytes)
        {
            File.WriteAllBytes(files["bad.parquet"], bytes);
            var message = Error(() =>
            {
                var data = Dataset.FromParquet(files["bad.parquet"]);
                for (var i = 0; i < data.Count; i++) _ = data[i];
            });
            Assert.StartsWith($"{files["bad.parquet"]}: no Parquet file, damaged or cut short (", message);
            Assert.DoesNotContain('\n', message);
        }
        Damaged([]);
        Damaged(Encoding.ASCII.GetBytes("name,whole\n1,2\n"));
        foreach (var length in (int[])[4, 100, whole.Length / 2, whole.Length - 1]) Damaged(whole[..length]);
        var scratched = (byte[])whole.Clone();
        scratched.AsSpan(4, 300).Fill(0xFF);
        Damaged(scratched);
        Assert.Equal($"{files["none.parquet"]}: there is no such file", Error(()
            => Dataset.FromParquet(files["none.parquet"])));
    }

    // npm pack vega-datasets@3.2.1, unpacked into artifacts/data
    [SkippableFact]
    public void Three_million_flights_are_read()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "../../../../../../artifacts/data/package/data/flights-3m.parquet");
        Skip.IfNot(File.Exists(path), "no flights: mkdir -p artifacts/data && cd artifacts/data && npm pack vega-datasets@3.2.1 && tar xzf vega-datasets-3.2.1.tgz");
        var data = Dataset.FromParquet(path, kept: 0);
        Assert.Equal(3_000_000, data.Count);
        Assert.Equal(["date", "delay", "distance", "origin", "destination"], data[0].Columns);
        foreach (var i in (int[])[0, 1_234_567, 2_999_999])
            Assert.Equal((3, 3), (data[i].Text("origin").Length, data[i].Text("destination").Length));
    }
}
