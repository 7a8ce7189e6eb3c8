using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Steps parameters by their gradients. Its state is named tensors, so that a checkpoint can hold it bit for bit; a
/// parameter can be stepped on its own, as soon as its gradient has arrived.
/// </summary>
public abstract class Optimizer : IDisposable
{
    private readonly Dictionary<string, Tensor> state = [];

    /// <summary>How many steps have been made.</summary>
    public long Steps { get; internal set; }

    /// <summary>State by name: <c>parameter/kind</c>.</summary>
    public IReadOnlyDictionary<string, Tensor> State => state;

    /// <summary>Bytes of state.</summary>
    public long StateBytes => state.Values.Sum(t => t.numel() * t.element_size());

    /// <summary>Makes one step of all parameters that have a gradient.</summary>
    public void Step(IEnumerable<(string Name, Parameter Parameter)> parameters, double learningRate)
    {
        Begin();
        foreach (var (name, parameter) in parameters)
        {
            using var gradient = parameter.grad;
            if (gradient is not null) Step(name, parameter, gradient, learningRate);
        }
    }

    /// <summary>Begins a step in which parameters, or parts of them, are stepped one by one as their gradients arrive.</summary>
    public void Begin() => Steps++;

    /// <summary>Steps one parameter, or a part of it under a name of its own, within the step begun.</summary>
    public void Step(string name, Tensor parameter, Tensor gradient, double learningRate)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Update(name, parameter, gradient, learningRate);
    }

    /// <summary>Makes one step of one parameter.</summary>
    protected abstract void Update(string name, Tensor parameter, Tensor gradient, double learningRate);

    /// <summary>A named state tensor like the parameter, zeros at first; tells whether it was just made.</summary>
    protected Tensor StateOf(string name, string kind, Tensor like, out bool isNew)
    {
        isNew = !state.TryGetValue($"{name}/{kind}", out var tensor);
        return isNew ? state[$"{name}/{kind}"] = zeros_like(like, requires_grad: false).DetachFromDisposeScope() : tensor!;
    }

    /// <summary>Takes over state read from a checkpoint, on the device where the parameters are.</summary>
    internal void Restore(IReadOnlyDictionary<string, Tensor> tensors, long steps, Device device)
    {
        Dispose();
        foreach (var (name, tensor) in tensors) state[name] = tensor.to(device, copy: true).DetachFromDisposeScope();
        Steps = steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in state.Values) tensor.Dispose();
        state.Clear();
    }
}

/// <summary>Stochastic gradient descent with momentum (heavy ball, or Nesterov's) and L2 weight decay.</summary>
public sealed class Sgd(double momentum = 0.9, double weightDecay = 0, bool nesterov = false) : Optimizer
{
    /// <inheritdoc/>
    protected override void Update(string name, Tensor parameter, Tensor gradient, double learningRate)
    {
        using var decay = Scalars.Of(weightDecay);
        using var keep = Scalars.Of(momentum);
        using var one = Scalars.Of(1);
        using var rate = Scalars.Of(-learningRate);
        var step = weightDecay == 0 ? gradient : gradient.add(parameter, decay);
        if (momentum != 0)
        {
            var velocity = StateOf(name, "momentum", parameter, out _);
            velocity.mul_(keep).add_(step, one);
            step = nesterov ? step.add(velocity, keep) : velocity;
        }
        parameter.add_(step, rate);
    }
}

/// <summary>Adam (Kingma and Ba 2014), or with decoupled weight decay AdamW (Loshchilov and Hutter 2017).</summary>
public sealed class Adam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0, bool decoupled = false) : Optimizer
{
    /// <inheritdoc/>
    protected override void Update(string name, Tensor parameter, Tensor gradient, double learningRate)
    {
        using var decay = Scalars.Of(decoupled ? 1 - learningRate * weightDecay : weightDecay);
        using var keepMean = Scalars.Of(beta1);
        using var addMean = Scalars.Of(1 - beta1);
        using var keepSquare = Scalars.Of(beta2);
        using var addSquare = Scalars.Of(1 - beta2);
        using var correction = Scalars.Of(Math.Sqrt(1 - Math.Pow(beta2, Steps)));
        using var small = Scalars.Of(epsilon);
        using var one = Scalars.Of(1);
        using var rate = Scalars.Of(-learningRate / (1 - Math.Pow(beta1, Steps)));
        var (mean, square) = (StateOf(name, "mean", parameter, out _), StateOf(name, "square", parameter, out _));
        if (decoupled) parameter.mul_(decay);
        else if (weightDecay != 0) gradient = gradient.add(parameter, decay);
        mean.mul_(keepMean).add_(gradient, addMean);
        square.mul_(keepSquare).addcmul_(gradient, gradient, addSquare);
        var denominator = square.sqrt().div_(correction).add_(small, one);
        parameter.addcdiv_(mean, denominator, rate);
    }
}
