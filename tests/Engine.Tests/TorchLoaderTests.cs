using Interactive.Runtime;
using TorchSharp;

namespace Interactive.Engine.Tests;

public class TorchLoaderTests
{
    [Fact]
    public void Torch_computes_after_the_loader_ran()
    {
        TorchLoader.EnsureLoaded();
        using var sum = torch.ones(2, 3).sum();
        Assert.Equal(6f, sum.item<float>());
    }
}
