// ResNet-50's pointwise convolutions of stride 1 on one thread, as libtorch computes them (matrix products below 16 samples) and
// in oneDNN (asked for by a dilation that has no effect): ms of forward, the input's and the weights' gradient over all 33.
//   interactive run bench/pointwise.csx [samples]
using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

set_num_threads(1);
var batch = Args.Count > 0 ? long.Parse(Args[0]) : 8;
(long In, long Out, long Side, int Count)[] shapes =
[
    (64, 64, 56, 1), (64, 256, 56, 4), (256, 64, 56, 2), (256, 128, 56, 1), (128, 512, 28, 4), (512, 128, 28, 3),
    (512, 256, 28, 1), (256, 1024, 14, 6), (1024, 256, 14, 5), (1024, 512, 14, 1), (512, 2048, 7, 3), (2048, 512, 7, 2),
];
double[] totals = new double[6];
foreach (var (inputs, outputs, side, count) in shapes)
{
    using var scope = NewDisposeScope();
    Tensor x = randn(batch, inputs, side, side).requires_grad_(true), w = randn(outputs, inputs, 1, 1).requires_grad_(true), g = randn(batch, outputs, side, side);
    List<double>[] times = [.. totals.Select(_ => new List<double>())];
    for (var round = 0; round < 7; round++)
        for (var way = 0; way < 2; way++)
        {
            using var step = NewDisposeScope();
            var before = Stopwatch.GetTimestamp();
            var y = nn.functional.conv2d(x, w, null, [1, 1], [0, 0], [way + 1, way + 1], 1);
            Note(0);
            autograd.grad([y], [x], [g], retain_graph: true);
            Note(1);
            autograd.grad([y], [w], [g]);
            Note(2);

            void Note(int kind)
            {
                if (round > 1) times[3 * way + kind].Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
                before = Stopwatch.GetTimestamp();
            }
        }
    for (var i = 0; i < totals.Length; i++) totals[i] += count * times[i].Order().ElementAt(times[i].Count / 2);
}
Console.WriteLine(FormattableString.Invariant($"matrix products: {totals[0]:F0} + {totals[1]:F0} + {totals[2]:F0} ms, oneDNN: {totals[3]:F0} + {totals[4]:F0} + {totals[5]:F0} ms"));
