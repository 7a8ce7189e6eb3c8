using Interactive.Data;
using Interactive.Graphs;
using Interactive.Onnx;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>A model that has learned from a table takes rows as the file has them, and gives them what it was trained with.</summary>
public sealed class TableModelTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("table").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Write(string name, params string[] lines)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllLines(path, lines);
        return path;
    }

    private string Table() => Write("all.csv",
        ["size,town,price", .. Enumerable.Range(0, 20).Select(i => $"{50 + 7 * i},{(i % 2 == 0 ? "Ulm" : "Bonn")},{100 + 3 * i}")]);

    private Model Kept(TableDataset data, bool onnx)
    {
        manual_seed(3);
        var net = new GraphBuilder("net", data.Shape);
        using var graph = net.Build(net.Input.Linear(1));
        if (!onnx)
        {
            var path = Path.Combine(folder, "net.safetensors");
            Model.Save(path, graph, tableColumns: data.TableColumns);
            return Model.Load(path);
        }
        graph.ToOnnx(Path.Combine(folder, "net.onnx"), new OnnxExportOptions { TableColumns = data.TableColumns });
        return Model.FromOnnx(Path.Combine(folder, "net.onnx"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RowsOfAFile_BecomeTheNumbersOfTheTraining_AndItsNumberThatOfTheColumn(bool onnx)
    {
        using var scope = NewDisposeScope();
        var data = TableDataset.FromCsv(Table(), target: "price", standardiseTarget: true);
        using var model = Kept(data, onnx);
        var rows = Write("rows.csv", "name,town,size", "a,Bonn,57", "b,Ulm,64"); // of samples 1 and 2, in another order
        var (given, lines) = model.ReadTable(rows);
        var learned = data.Read([1, 2]).Inputs[0];
        Assert.Equal(learned.data<float>().ToArray(), given.data<float>().ToArray());
        Assert.Equal([2, 3], lines);
        var raw = model.Infer(learned).data<float>().ToArray();
        Assert.Equal(raw.Select(y => y * data.TargetDeviation + data.TargetMean), model.PredictNumbers(given), (a, b) => Math.Abs(a - b) < 1e-4 * Math.Abs(a));
        Assert.Contains("gives one number, no list of classes", Assert.Throws<UsageException>(() => model.PredictBatch(given)).Message);
    }

    [Theory]
    [InlineData("town,size|Berlin,57", "line 2, column 'town': 'Berlin' is none of Bonn, Ulm, which the net has learned")]
    [InlineData("town,size|Bonn,wide", "line 2, column 'size': 'wide' is not a number")]
    [InlineData("town|Bonn", "there is no column 'size'; the columns are town")]
    [InlineData("town,size|Bonn,NA", "line 2, column 'size': the value is missing ('NA'); a prediction needs every value")]
    [InlineData("57,1,0", "there is no column 'size'")]
    public void RowsThatTheNetHasNotLearned_AreRefused(string lines, string message)
    {
        using var model = Kept(TableDataset.FromCsv(Table(), target: "price"), onnx: false);
        Assert.Contains(message, Assert.Throws<UsageException>(() => model.ReadTable(Write("rows.csv", lines.Split('|')))).Message);
    }

    [Fact]
    public void TheBestModelOfARun_KnowsItsColumns()
    {
        var (train, test) = TableDataset.FromCsv(Table(), target: "town").Split();
        var net = new GraphBuilder("net", train.Shape);
        new Trainer(net.Build(net.Input.Linear(2)), train, test, new TrainerOptions { Epochs = 1, BatchSize = 4, Out = folder, Progress = false, Device = "cpu" }).Run();
        using var model = Model.Load(Path.Combine(folder, "latest"));
        Assert.Equal(train.TableColumns, model.TableColumns);
        using var rows = model.ReadTable(Write("rows.csv", "size,price", "57,103", "64,106")).Rows;
        Assert.Equal(2, model.PredictBatch(rows).Count);
        Assert.Throws<UsageException>(() => Model.Save(Path.Combine(folder, "x.safetensors"), model.Graph, tableColumns: "{}"));
    }
}
