using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using static TorchSharp.torch;

class Net : nn.Module<Tensor, Tensor> // your module
{
    readonly nn.Module<Tensor, Tensor> hidden = nn.Linear(10, 32), last = nn.Linear(32, 3);
    public Net() : base("net") => RegisterComponents();
    public override Tensor forward(Tensor x) => last.call(nn.functional.relu(hidden.call(x)));
}

var options = CommandLine.Parse(Args, new TrainerOptions { Name = "first", Epochs = 20, BatchSize = 32 });
var (train, test) = TableDataset.FromCsv("notebooks/penguins.csv", target: "species", skipMissing: true).Split(); // your data
manual_seed((long)options.Seed);
var graph = Graph.Trace(new Net(), zeros(2, 10));
var trainer = new Trainer(graph, train, test, options);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"accuracy {result.Accuracy:P1}");
