using System.CommandLine;
using Interactive.Data;
using Interactive.Extensions.Plots;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive data show SOURCE [OUT.png|OUT.html]</c></summary>
internal static class DataShowCommand
{
    public static Command Create()
    {
        var source = DataCommand.Source();
        var output = new Argument<string>("OUT")
        {
            Description = "a file that ends in .png or .html",
            DefaultValueFactory = _ => "contact-sheet.html",
        };
        var steps = DataCommand.StepsOption();
        var count = new Option<int>("--count")
        {
            Description = "pictures, drawn at random",
            DefaultValueFactory = _ => 12,
        };
        var epochs = new Option<int>("--epochs")
        {
            Description = "changed views of each",
            DefaultValueFactory = _ => 4,
        };
        var seed = new Option<ulong>("--seed")
        {
            Description = "seed of the choice and of the changes",
            DefaultValueFactory = _ => 1UL,
        };
        var command = new Command("show", "Draws pictures with their classes, as evaluation and as training see them.") { source, output, steps, count, epochs, seed };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(output)!;
            ContactSheet.Check(path);
            var pipeline = ImageSteps.Parse(parsed.GetValue(steps)!);
            var images = Dataset.FromImages(parsed.GetValue(source)!).Images(_ => pipeline);
            var wanted = Math.Min(images.Count, parsed.GetValue(count));
            if (wanted < 1) throw new UsageException($"--count must be at least 1, got {parsed.GetValue(count)}");
            var chosen = new CounterRandom(parsed.GetValue(seed), 0).Permutation(images.Count)[..wanted];
            ContactSheet.Write(path, images, [.. chosen.Order()], parsed.GetValue(epochs), parsed.GetValue(seed));
            Console.WriteLine(path);
            return 0;
        });
        return command;
    }
}
