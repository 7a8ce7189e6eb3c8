using System.Text;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Tables;

public class OwnTablesTests
{
    private static float[] Inputs(IBatchSource data)
    {
        using var batch = data.Read([.. Enumerable.Range(0, data.Count)]);
        return batch.Input.data<float>().ToArray();
    }

    private static string Error(Action action) => Assert.Throws<UsageException>(action).Message;

    [Fact]
    public void Numbers_that_are_written_otherwise_do_not_become_categories()
    {
        using var files = new TemporaryFiles();
        foreach (var text in (string[])["\"1,5\"", "\"1,000\"", "5%", "1.234.567", "-inf", "$12", "1 000"])
            Assert.Contains("line 2, column 'a': '" + text.Trim('"') + "' is read neither as a number nor as a category",
                Error(() => TableDataset.FromCsv(files.Write("t.csv", $"a,y\n{text},1\n{text},2\n"), "y")));
        Assert.Equal(["a=1,5"], TableDataset.FromCsv(files.Write("t.csv", "a,y\n\"1,5\",1\n"), "y", categories: ["a"]).FeatureNames);
        Assert.Equal(["a=3.2.2020"], TableDataset.FromCsv(files.Write("t.csv", "a,y\n3.2.2020,1\n"), "y").FeatureNames);
        Assert.Contains("the value is missing ('#N/A')", Error(() => TableDataset.FromCsv(files.Write("t.csv", "a,y\n#N/A,1\n"), "y")));
    }

    [Fact]
    public void Other_separators_and_encodings_are_told_of()
    {
        using var files = new TemporaryFiles();
        Assert.Contains("separated by ';'", Error(() => TableDataset.FromCsv(files.Write("t.csv", "a;y\n1;2\n"), "y")));
        Assert.Contains("separated by tabs", Error(() => TableDataset.FromCsv(files.Write("t.csv", "a\ty\n1\t2\n"), "y")));
        File.WriteAllBytes(files["l.csv"], Encoding.Latin1.GetBytes("a,y\nGré,1\nGrè,2\n"));
        Assert.Contains("not a text in UTF-8", Error(() => TableDataset.FromCsv(files["l.csv"], "y")));
        Assert.Contains("not a text in UTF-8", Error(() => Dataset.FromCsv<Row>(files["l.csv"])));
        Assert.Equal(["a"], TableDataset.FromCsv(files.Write("t.csv", "a, y\n1, 2\n"), "y").FeatureNames);
    }

    public sealed record Row(string A, double Y);
    public sealed record Price(double? PriceK);

    [Fact]
    public void A_comma_in_a_records_number_is_not_skipped()
    {
        using var files = new TemporaryFiles();
        Assert.Contains("line 2, column 'y': '1,5' is no finite Double",
            Error(() => Dataset.FromCsv<Row>(files.Write("t.csv", "a,y\nx,\"1,5\"\n"))));
        Assert.Contains("'1,5' is no finite Double", Error(() => Dataset.FromCsv<Price>(files.Write("t.csv", "price_k\n\"1,5\"\n"))));
        Assert.Contains("'price_k' and 'Price K' are both PriceK", Error(() => Dataset.FromCsv<Price>(files.Write("t.csv", "price_k,Price K\n1,2\n"))));
        var read = Dataset.FromCsv<Price>(files.Write("t.csv", "price_k,b\nNa,1\nnAN,1\n1e3,1\n"));
        Assert.Equal([null, null, 1000], [read[0].PriceK, read[1].PriceK, read[2].PriceK]);
    }

    [Fact]
    public void Numbers_that_differ_by_less_than_32_bits_hold_stay_apart()
    {
        using var files = new TemporaryFiles();
        var data = TableDataset.FromCsv(files.Write("t.csv", "at,y\n1700000000,1\n1700000010,2\n1700000020,3\n"), "y");
        var expected = (float)(10 / Math.Sqrt(200.0 / 3));
        Assert.Equal([-expected, 0, expected], Inputs(data));
    }

    [Fact]
    public void A_test_file_of_its_own_has_the_training_rows_scales_and_categories()
    {
        using var files = new TemporaryFiles();
        var train = TableDataset.FromCsv(files.Write("a.csv", "x,c,kind\n1,u,p\n3,v,q\n5,w,r\n"), "kind");
        var test = train.Like(files.Write("b.csv", "kind,x,c\nr,3,w\nq,5,u\n"));
        Assert.Equal(train.FeatureNames, test.FeatureNames);
        using var batch = test.Read([0, 1]);
        Assert.Equal([2, 1], batch.Target.data<long>().ToArray());
        Assert.Equal([0, 0, 0, 1, (float)(2 / Math.Sqrt(8.0 / 3)), 1, 0, 0], batch.Input.data<float>().ToArray());
        Assert.Contains("line 2, column 'c': 'z' is none of the 3 categories", Error(() => train.Like(files.Write("b.csv", "kind,x,c\nr,3,z\n"))));
        Assert.Contains("column 'x': 'u' is not a number", Error(() => train.Like(files.Write("b.csv", "kind,x,c\nr,u,u\n"))));
    }

    [Fact]
    public void A_split_by_class_is_standardised_by_its_training_rows()
    {
        using var files = new TemporaryFiles();
        var data = TableDataset.FromCsv(files.Write("t.csv", "x,y\n" + string.Join('\n', Enumerable.Range(0, 50).Select(i => $"{i * i},{"pqqqq"[i % 5]}"))), "y");
        var (train, valid) = data.SplitByClass(0.2);
        Assert.Equal([8, 32], Classes.Count(Classes.Of(train)));
        Assert.Equal([2, 8], Classes.Count(Classes.Of(valid)));
        Assert.Equal(0, Inputs(train).Average(), 1e-5);
        Assert.Equal([2.5f, 0.625f], Classes.Weights(train));
    }
}
