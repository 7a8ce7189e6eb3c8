using System.IO.Compression;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Tables;

public sealed class CsvRecordsTests : IDisposable
{
    private readonly TemporaryFiles files = new();

    public void Dispose() => files.Dispose();

    public sealed record House(double Area, string Town, int? Rooms, float PriceK);

    public sealed class Plain
    {
        public string Town { get; set; } = "";
        public DateTime Built { get; set; }
    }

    private const string Text = "price_k,Town,area,ROOMS,unread\n1.5,\"Ulm, old\",80.25,3,x\n2e2, Bonn ,1e-3,NA,y\n";

    private string Error<T>(string text, string name = "f.csv")
        => Assert.Throws<UsageException>(() => Dataset.FromCsv<T>(files.Write(name, text))).Message;

    [Fact]
    public void Rows_are_records_by_the_columns_names()
    {
        House[] expected = [new(80.25, "Ulm, old", 3, 1.5f), new(1e-3, "Bonn", null, 200)];
        var houses = Dataset.FromCsv<House>(files.Write("f.csv", Text), h => h.Town == "Bonn" ? 1 : 0, ["Ulm", "Bonn"]);
        Assert.Equal(expected, new[] { houses[0], houses[1] });
        Assert.Equal((2, 1, "Bonn"), (houses.Count, houses.ClassOf(1), houses.ClassNames[1]));
        using (var packed = new GZipStream(File.Create(files["g.tsv.gz"]), CompressionMode.Compress))
            packed.Write("Town\tBuilt\nUlm\t1999-12-31\n"u8);
        var plain = Dataset.FromCsv<Plain>(files["g.tsv.gz"]);
        Assert.Equal(("Ulm", new DateTime(1999, 12, 31)), (plain[0].Town, plain[0].Built));
    }

    [Theory]
    [InlineData("Town,Area\n", "f.csv: there is no column for 'Rooms', 'PriceK' of House; the columns are Town, Area")]
    [InlineData("PriceK,Town,Area,Rooms\n1,a,1,1\n1,a,1e400,1\n", "f.csv, line 3, column 'Area': '1e400' is no finite Double")]
    [InlineData("PriceK,Town,Area,Rooms\n1e39,a,1,1\n", "f.csv, line 2, column 'PriceK': '1e39' is no finite Single")]
    [InlineData("PriceK,Town,Area,Rooms\n1,a,-Infinity,1\n", "f.csv, line 2, column 'Area': '-Infinity' is no finite Double")]
    [InlineData("PriceK,Town,Area,Rooms\n1,a,,1\n", "f.csv, line 2, column 'Area': the value is missing (''); a Double? takes such")]
    [InlineData("PriceK,Town,Area,Rooms\n1,a,NA,1\n", "f.csv, line 2, column 'Area': the value is missing ('NA'); a Double? takes such")]
    [InlineData("PriceK,Town,Area,Rooms\n1,a,2,1.5\n", "f.csv, line 2, column 'Rooms': '1.5' is no Int32")]
    [InlineData("PriceK,Town,Area,Rooms\n1,a,2\n", "f.csv, line 2: 3 values, the header names 4 columns")]
    [InlineData("PriceK,Town,Area,Rooms\n1,\"a,2,3\n", "f.csv, line 3: a quote that is not closed or stands amid a value")]
    [InlineData("PriceK,Town,Area,Rooms\n", "f.csv: there is no row")]
    [InlineData("", "f.csv: the file is empty; its first line names the columns")]
    public void What_does_not_fit_is_told_in_one_line(string text, string message)
        => Assert.Equal(message, Error<House>(text).Replace(files["f.csv"], "f.csv"));

    [Fact]
    public void A_file_that_is_not_there_or_no_gzip_is_told_in_one_line()
    {
        Assert.Equal("none.csv: there is no such file", Assert.Throws<UsageException>(() => Dataset.FromCsv<House>("none.csv")).Message);
        Assert.EndsWith("f.csv.gz: not a gzip file, or cut short", Error<House>("plain", "f.csv.gz"));
    }
}
