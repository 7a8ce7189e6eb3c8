using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interactive.MpiWorker;

/// <summary>A decoder as a user of TorchSharp writes it: heads are views, the output layer has a weight of its own.</summary>
sealed class UserTransformer : Module<Tensor, Tensor>
{
    public const long Tokens = 12;
    private const long Width = 32;

    private readonly TorchSharp.Modules.Embedding tokens = Embedding(PipelineNets.Vocabulary, Width), places = Embedding(Tokens, Width);
    private readonly ModuleList<Module<Tensor, Tensor>> blocks;
    private readonly TorchSharp.Modules.LayerNorm norm = LayerNorm(Width);
    private readonly TorchSharp.Modules.Linear head = Linear(Width, PipelineNets.Vocabulary, hasBias: false);

    /// <param name="isPacked">Queries, keys and values come of one layer.</param>
    public UserTransformer(bool isPacked = false) : base("user")
    {
        blocks = new ModuleList<Module<Tensor, Tensor>>(new Block(isPacked), new Block(isPacked));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var y = tokens.call(x) + places.call(arange(Tokens));
        foreach (var block in blocks) y = block.call(y);
        return head.call(norm.call(y));
    }

    private sealed class Block : Module<Tensor, Tensor>
    {
        private const long Heads = 4;

        private readonly TorchSharp.Modules.LayerNorm first = LayerNorm(Width), second = LayerNorm(Width);
        private readonly TorchSharp.Modules.Linear? packed, query, key, value;
        private readonly TorchSharp.Modules.Linear output = Linear(Width, Width), up = Linear(Width, 3 * Width), gate = Linear(Width, 3 * Width), down = Linear(3 * Width, Width);
        private readonly TorchSharp.Modules.Dropout dropout = Dropout(0.1);

        public Block(bool isPacked) : base("block")
        {
            if (isPacked) packed = Linear(Width, 3 * Width);
            else (query, key, value) = (Linear(Width, Width), Linear(Width, Width), Linear(Width, Width));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            var read = first.call(x);
            Tensor[] parts = packed is not null ? packed.call(read).chunk(3, -1) : [query!.call(read), key!.call(read), value!.call(read)];
            var (q, k, v) = (Split(parts[0]), Split(parts[1]), Split(parts[2]));
            var y = functional.scaled_dot_product_attention(q, k, v, is_casual: true);
            y = y.transpose(1, 2).contiguous().view(x.shape[0], Tokens, Width);
            x = x + dropout.call(output.call(y));
            read = second.call(x);
            return x + down.call(dropout.call(functional.silu(gate.call(read)) * up.call(read)));
        }

        private static Tensor Split(Tensor x) => x.view(x.shape[0], Tokens, Heads, Width / Heads).transpose(1, 2);
    }
}
