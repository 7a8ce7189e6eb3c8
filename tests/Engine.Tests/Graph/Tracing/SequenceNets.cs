using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Recurrent, attention and token nets as users write them.</summary>
internal static class SequenceNets
{
    internal sealed class LstmTagger : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Embedding words = Embedding(20, 8);
        private readonly TorchSharp.Modules.LSTM lstm = LSTM(8, 12, batchFirst: true);
        private readonly Module<Tensor, Tensor> tags = Linear(12, 4);
        public LstmTagger() : base("tagger") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var h0 = zeros(1, x.shape[0], 12);
            var (y, _, _) = lstm.call(words.call(x), (h0, h0));
            return tags.call(y);
        }
    }

    internal sealed class GruClassifier : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Embedding words = Embedding(20, 8);
        private readonly TorchSharp.Modules.GRU gru = GRU(8, 6, bidirectional: true);
        private readonly Module<Tensor, Tensor> fc = Linear(12, 3);
        public GruClassifier() : base("classifier") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var (y, _) = gru.call(words.call(x).transpose(0, 1)); // the sequence first
            return fc.call(y.mean([0]));
        }
    }

    /// <summary>Reads all outputs and the last states.</summary>
    internal sealed class StatefulTagger : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Embedding words = Embedding(20, 8);
        private readonly TorchSharp.Modules.LSTM lstm = LSTM(8, 6, batchFirst: true, bidirectional: true);
        private readonly Module<Tensor, Tensor> tags = Linear(12, 4), mood = Linear(24, 4);
        public StatefulTagger() : base("stateful") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var (y, h, c) = lstm.call(words.call(x));
            var state = cat([h.transpose(0, 1).flatten(1), c.transpose(0, 1).flatten(1)], 1);
            return tags.call(y) + mood.call(state).unsqueeze(1);
        }
    }

    /// <summary>An LSTM that is not trained below a layer that is.</summary>
    internal sealed class Frozen : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.LSTM lstm;
        private readonly Module<Tensor, Tensor> head;
        public Frozen(long width, long hidden) : base("frozen")
        {
            (lstm, head) = (LSTM(width, hidden, batchFirst: true), Linear(hidden, 3));
            RegisterComponents();
            foreach (var parameter in lstm.parameters()) parameter.requires_grad = false;
        }
        public override Tensor forward(Tensor x) => head.call(lstm.call(x).Item1);
    }

    /// <summary>Decodes from the last state of an encoder.</summary>
    internal sealed class Seq2Seq : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Embedding words = Embedding(20, 8);
        private readonly TorchSharp.Modules.GRU encoder = GRU(8, 6, batchFirst: true), decoder = GRU(8, 6, batchFirst: true);
        private readonly Module<Tensor, Tensor> head = Linear(6, 20);
        public Seq2Seq() : base("seq2seq") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var (y, h) = encoder.call(words.call(x));
            var (z, last) = decoder.call(words.call(x), h);
            return head.call(z + y.mean([1], keepdim: true)) + last.transpose(0, 1).mean([2], keepdim: true);
        }
    }

    internal sealed class EncoderLayer : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> qkv, project, norm1, norm2, up, down;
        private readonly long heads;
        private readonly bool causal;
        public EncoderLayer(long width, long heads, bool causal) : base("layer")
        {
            (qkv, project, norm1, norm2, up, down) = (Linear(width, 3 * width), Linear(width, width), LayerNorm(width), LayerNorm(width), Linear(width, 4 * width), Linear(4 * width, width));
            (this.heads, this.causal) = (heads, causal);
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            var (b, t, c) = (x.shape[0], x.shape[1], x.shape[2]);
            var parts = qkv.call(norm1.call(x)).chunk(3, -1);
            Tensor Split(Tensor p) => p.view(b, t, heads, c / heads).transpose(1, 2);
            var y = functional.scaled_dot_product_attention(Split(parts[0]), Split(parts[1]), Split(parts[2]), is_casual: causal);
            x = x + project.call(y.transpose(1, 2).contiguous().view(b, t, c));
            return x + functional.dropout(down.call(functional.gelu(up.call(norm2.call(x)))), 0.1, training);
        }
    }

    internal sealed class Gpt : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Embedding wte = Embedding(20, 16), wpe = Embedding(12, 16);
        private readonly Module<Tensor, Tensor> blocks = Sequential(new EncoderLayer(16, 2, true), new EncoderLayer(16, 2, true)), norm = LayerNorm(16);
        public Gpt() : base("gpt") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var positions = arange(x.shape[1], dtype: ScalarType.Int64);
            var y = norm.call(blocks.call(wte.call(x) + wpe.call(positions)));
            return functional.linear(y, wte.weight!);
        }
    }

    /// <summary>TorchSharp's own attention, whose tokens come first: libtorch asks whether query, key and value are one.</summary>
    internal sealed class AttentionLayer : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.MultiheadAttention attention = MultiheadAttention(8, 2, dropout: 0.1);
        public AttentionLayer() : base("attention_layer") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var t = x.transpose(0, 1);
            return attention.call(t, t, t, null, false, null).Item1.transpose(0, 1);
        }
    }

    /// <summary>Scores by class first, as cross-entropy of tokens takes them: the output is no contiguous tensor.</summary>
    internal sealed class TurnedScores : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> hidden = Linear(8, 8), scores = Linear(8, 6);
        public TurnedScores() : base("turned_scores") => RegisterComponents();
        public override Tensor forward(Tensor x) => scores.call(functional.relu(hidden.call(x))).transpose(1, 2);
    }

    internal sealed class CrossAttention : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.MultiheadAttention attention = MultiheadAttention(8, 2);
        private readonly TorchSharp.Modules.Parameter queries = new(randn(3, 1, 8));
        public CrossAttention() : base("cross_attention") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var t = x.transpose(0, 1);
            return attention.call(queries.expand(3, x.shape[0], 8), t, t, null, false, null).Item1.mean([0]);
        }
    }

    internal sealed class EncoderLayers : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.TransformerEncoder layers = TransformerEncoder(TransformerEncoderLayer(8, 2, 16, 0.1), 2);
        private readonly Module<Tensor, Tensor> head = Linear(8, 3);
        public EncoderLayers() : base("encoder_layers") => RegisterComponents();
        public override Tensor forward(Tensor x) => head.call(layers.call(x.transpose(0, 1), null, null).mean([0]));
    }

    internal sealed class Masked : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> q = Linear(8, 8), k = Linear(8, 8), v = Linear(8, 8), o = Linear(8, 8);
        public Masked() : base("masked") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var scores = q.call(x).matmul(k.call(x).transpose(-2, -1)) / Math.Sqrt(8);
            var mask = triu(ones(x.shape[1], x.shape[1]), 1) == 1;
            return o.call(functional.softmax(scores.masked_fill(mask, double.NegativeInfinity), -1).matmul(v.call(x))) + x;
        }
    }

    internal sealed class Transformer : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> embed = Linear(6, 16), layers = Sequential(new EncoderLayer(16, 4, false), new EncoderLayer(16, 4, false)), head = Linear(16, 3);
        private readonly TorchSharp.Modules.Parameter cls = new(zeros(1, 1, 16)), pos = new(randn(1, 9, 16));
        public Transformer() : base("transformer") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var y = cat([cls.expand(x.shape[0], -1, -1), embed.call(x)], 1) + pos;
            return head.call(layers.call(y)[TensorIndex.Colon, 0]);
        }
    }

    internal sealed class MixerBlock : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> norm1 = LayerNorm(8), norm2 = LayerNorm(8), tokens = Sequential(Linear(16, 32), GELU(), Linear(32, 16)), channels = Sequential(Linear(8, 32), GELU(), Linear(32, 8));
        public MixerBlock() : base("mixer") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            x = x + tokens.call(norm1.call(x).transpose(1, 2)).transpose(1, 2);
            return x + channels.call(norm2.call(x));
        }
    }

    internal sealed class MlpMixer : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> patch = Conv2d(3, 8, 4, 4), blocks = Sequential(new MixerBlock(), new MixerBlock()), head = Linear(8, 5);
        public MlpMixer() : base("mlpmixer") => RegisterComponents();
        public override Tensor forward(Tensor x) => head.call(blocks.call(patch.call(x).flatten(2).transpose(1, 2)).mean([1]));
    }

    internal sealed class Swin : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> patch = Conv2d(3, 8, 2, 2), qkv = Linear(8, 24), project = Linear(8, 8), norm = LayerNorm(8), head = Linear(8, 5);
        private readonly TorchSharp.Modules.Parameter bias = new(randn(2, 16, 16));
        public Swin() : base("swin") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var y = patch.call(x).permute(0, 2, 3, 1);
            var (b, h, w, c) = (y.shape[0], y.shape[1], y.shape[2], y.shape[3]);
            var shifted = norm.call(y).roll([-2, -2], [1, 2]);
            var windows = shifted.view(b, h / 4, 4, w / 4, 4, c).permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, 16, c);
            var parts = qkv.call(windows).reshape(-1, 16, 3, 2, c / 2).permute(2, 0, 3, 1, 4);
            var scores = (parts[0] * 0.5).matmul(parts[1].transpose(-2, -1)) + bias.unsqueeze(0);
            var mixed = project.call(functional.softmax(scores, -1).matmul(parts[2]).transpose(1, 2).reshape(-1, 16, c));
            var back = mixed.view(b, h / 4, w / 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).contiguous().view(b, h, w, c).roll([2, 2], [1, 2]);
            return head.call((y + back).mean([1, 2]));
        }
    }

    internal sealed class TextCnn : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Embedding words = Embedding(20, 8);
        private readonly Module<Tensor, Tensor> two = Conv1d(8, 6, 2), three = Conv1d(8, 6, 3), fc = Linear(12, 3);
        public TextCnn() : base("textcnn") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var y = words.call(x).transpose(1, 2);
            Tensor Longest(Module<Tensor, Tensor> conv) => functional.relu(conv.call(y)).max(2).values;
            return fc.call(functional.dropout(cat([Longest(two), Longest(three)], 1), 0.5, training));
        }
    }
}
