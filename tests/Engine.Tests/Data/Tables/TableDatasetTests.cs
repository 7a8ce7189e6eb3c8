using System.IO.Compression;
using Interactive.Data;
using TorchSharp;

namespace Interactive.Engine.Tests.Data.Tables;

public class TableDatasetTests
{
    private const string Small = "size,colour,y\n1,red,10\n3,\"blue, dark\",20\n5,red,60\n";

    [Fact]
    public void Numbers_are_standardised_and_categories_stand_in_columns_of_their_own()
    {
        using var files = new TemporaryFiles();
        var data = TableDataset.FromCsv(files.Write("t.csv", Small), target: "y");
        Assert.Equal(["size", "colour=blue, dark", "colour=red"], data.FeatureNames);
        Assert.Equal((3, 3L, 1), (data.Count, data.Shape[0], data.Classes));
        using var batch = data.Read([2, 1]);
        Assert.Equal(["features", "y"], [batch.NamedInputs[0].Name, batch.NamedTargets[0].Name]);
        Assert.Equal([(float)(2 / Math.Sqrt(8.0 / 3)), 0, 1, 0, 1, 0], batch.Input.data<float>().ToArray());
        Assert.Equal(new long[] { 2, 1 }, batch.Target.shape);
        Assert.Equal([60, 20], batch.Target.data<float>().ToArray());
    }

    [Fact]
    public void Features_can_be_chosen_and_numbers_stand_for_categories()
    {
        using var files = new TemporaryFiles();
        var data = TableDataset.FromCsv(files.Write("t.csv", Small), "colour", features: ["y", "size"],
            categories: ["size"]);
        Assert.Equal(["y", "size=1", "size=3", "size=5"], data.FeatureNames);
        Assert.Equal(["blue, dark", "red"], data.ClassNames);
        using var batch = data.Read([0, 1, 2]);
        Assert.Equal(torch.ScalarType.Int64, batch.Target.dtype);
        Assert.Equal([1, 0, 1], batch.Target.data<long>().ToArray());
    }

    [Fact]
    public void A_target_in_standard_units_can_be_turned_back()
    {
        using var files = new TemporaryFiles();
        var data = TableDataset.FromCsv(files.Write("t.csv", Small), "y", standardiseTarget: true);
        using var batch = data.Read([0, 1, 2]);
        Assert.Equal(0, batch.Target.mean().item<float>(), 1e-6f);
        Assert.Equal(60, batch.Target[2].item<float>() * data.TargetDeviation + data.TargetMean, 1e-4);
    }

    [Fact]
    public void Both_parts_of_a_split_are_standardised_by_the_training_rows()
    {
        using var files = new TemporaryFiles();
        var rows = Enumerable.Range(0, 50).Select(i => $"{i},{i % 7}");
        var (train,
            valid) = TableDataset.FromCsv(files.Write("t.csv", "x,y\n" + string.Join('\n', rows)), "y").Split(0.2,
            seed: 3);
        Assert.Equal((40, 10), (train.Count, valid.Count));
        using var kept = train.Read([.. Enumerable.Range(0, 40)]);
        using var held = valid.Read([.. Enumerable.Range(0, 10)]);
        Assert.Equal(0, kept.Input.mean().item<float>(), 1e-6f);
        Assert.Equal(1, kept.Input.std(unbiased: false).item<float>(), 1e-5f);
        Assert.NotEqual(0, held.Input.mean().item<float>(), 1e-3f);
        // one line through all rows: the same scale for both
        float Slope(Batch batch, int a, int b) => (batch.Input[a] - batch.Input[b]).item<float>();
        var all = kept.Input.flatten().data<float>().Concat(held.Input.flatten().data<float>()).Order().ToArray();
        Assert.All(all.Skip(1).Zip(all), pair => Assert.Equal(all[1] - all[0], pair.First - pair.Second, 1e-4f));
        Assert.NotEqual(0, Slope(kept, 0, 1));
    }

    [Fact]
    public void Penguins_are_read_without_the_rows_that_lack_a_value()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "penguins.csv");
        var data = TableDataset.FromCsv(path, "body_mass_g", skipMissing: true);
        Assert.Equal(333, data.Count); // of 344
        Assert.Equal(["species=Adelie", "species=Chinstrap", "species=Gentoo", "island=Biscoe", "island=Dream",
            "island=Torgersen",
            "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "sex=female", "sex=male", "year"],
                data.FeatureNames);
        var error = Assert.Throws<UsageException>(() => TableDataset.FromCsv(path, "body_mass_g"));
        Assert.Equal($"{path}, line 5, column 'bill_length_mm': the value is missing ('NA'); say skipMissing: true to leave such rows out", error.Message);
    }

    [Fact]
    public void A_packed_file_is_unpacked_and_tabs_separate()
    {
        using var files = new TemporaryFiles();
        using (var file = File.Create(files["t.tsv.gz"]))
        using (var packed = new GZipStream(file, CompressionMode.Compress))
            packed.Write("x\ty\n1\t2\n3\t4\n"u8);
        using var batch = TableDataset.FromCsv(files["t.tsv.gz"], "y").Read([1]);
        Assert.Equal(4, batch.Target.item<float>());
        Assert.Contains("not a gzip file, or cut short",
            Assert.Throws<UsageException>(() => TableDataset.FromCsv(files.Write("u.csv.gz", "x,y\n1,2\n"), "y"))
            .Message);
    }

    [Theory]
    [InlineData("x,y\n1,2\n1,oh\n", "line 3, column 'y': 'oh' is not a number, but the first value is; name the column among the categories if it holds some")]
    [InlineData("x,y\n1,2\n1e400,3\n", "line 3, column 'x': 1e400 is not a finite number of 32 bits")]
    [InlineData("x,y\n1e400,2\n1,3\n", "line 2, column 'x': 1e400 is not a finite number of 32 bits")]
    [InlineData("x,y\n1,2\n1\n", "line 3: 1 values, the header names 2 columns")]
    [InlineData("x,x,y\n1,2,3\n", "two columns have the name 'x'")]
    [InlineData("x,z\n1,2\n", "there is no column 'y'; the columns are x, z")]
    [InlineData("x,y\n1,\n", "line 2, column 'y': the value is missing")]
    [InlineData("x,y\n1,\"2\n", ": a quote that is not closed")]
    [InlineData("x,y\n", "there is no row")]
    [InlineData("y\n1\n", "there is no column besides the target 'y'")]
    [InlineData("", "the file is empty")]
    public void What_does_not_fit_is_refused_with_its_place(string content, string expected)
    {
        using var files = new TemporaryFiles();
        var error = Assert.Throws<UsageException>(() => TableDataset.FromCsv(files.Write("t.csv", content), "y"));
        Assert.StartsWith(files["t.csv"], error.Message);
        Assert.Contains(expected, error.Message);
    }
}
