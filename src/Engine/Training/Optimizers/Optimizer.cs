using System.Globalization;
using System.Runtime.InteropServices;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Steps parameters by their gradients. Its state is named tensors, so that a checkpoint can hold it bit for bit; a
/// parameter can be stepped on its own, as soon as its gradient has arrived. One without a gradient is left alone, and
/// counts its own steps. An optimiser of one's own overrides <see cref="Name"/> and <see cref="Update"/>.
/// </summary>
/// <param name="momentum">Momentum, or the decay of the first moment, in [0, 1); null where it has none.</param>
/// <param name="weightDecay">Weight decay, at least 0.</param>
/// <exception cref="UsageException">Out of range.</exception>
public abstract class Optimizer(double? momentum = null, double weightDecay = 0) : IDisposable
{
    private readonly Dictionary<string, Tensor> state = [];
    private readonly Dictionary<string, long> counts = [];
    private readonly HashSet<string> restored = []; // of the state, what has not been used since
    private readonly Dictionary<string, (double Scale, double WeightDecay, double Momentum)> settings = [];
    private readonly List<ParameterGroup> groups = [];
    private Dictionary<string, (Parameter Parameter, nint Identity)> owners = []; // whose the state is

    /// <summary>The name that <c>--optimizer</c> takes, such as <c>adamw</c>.</summary>
    public abstract string Name { get; }
    /// <summary>Momentum where a group does not say otherwise; null where the optimiser has none.</summary>
    public double? Momentum { get; } = momentum is null ? null : In01(momentum.Value, "momentum");
    /// <summary>Weight decay where a group does not say otherwise.</summary>
    public double WeightDecay { get; } = NotNegative(weightDecay, "weight decay");
    /// <summary>
    /// True (default) where each element moves by its own gradient and state only, so that ranks can divide a parameter
    /// among them; false where norms of the whole parameter are needed.
    /// </summary>
    public virtual bool IsElementWise => true;
    /// <summary>The groups, in the order they were added.</summary>
    public IReadOnlyList<ParameterGroup> Groups => groups;
    /// <summary>How many steps have been made.</summary>
    public long Steps { get; private set; }
    /// <summary>State by name: <c>parameter/kind</c>.</summary>
    public IReadOnlyDictionary<string, Tensor> State => state;
    /// <summary>Bytes of state.</summary>
    public long StateBytes => state.Values.Sum(t => t.numel() * t.element_size());
    /// <summary>The steps of those parameters that have missed some.</summary>
    internal IReadOnlyDictionary<string, long> LateCounts
        => counts.Where(c => c.Value != Steps && HasState(c.Key)).ToDictionary();
    internal bool NeedsGroups { get; set; }

    /// <summary>
    /// Deals the parameters of a model to the groups; to be called before the first step where there are groups. Later
    /// parameters, such as unfrozen ones, are dealt at their first step.
    /// </summary>
    /// <exception cref="UsageException">Two groups set the same thing for one parameter, a group selects none, or a
    /// parameter is in none and has to be.</exception>
    public void Assign(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        settings.Clear();
        var used = new HashSet<ParameterGroup>(ReferenceEqualityComparer.Instance);
        foreach (var (name, parameter) in parameters) used.UnionWith(Deal(name, parameter));
        if (groups.FirstOrDefault(group => !used.Contains(group)) is { } empty)
            throw new UsageException($"parameter group '{empty.Name}' selects no parameter{(settings.Count == 0 ? "" : $": they are called {string.Join(", ", settings.Keys.Take(3))}{(settings.Count > 3 ? ", …" : "")}")}");
    }

    /// <summary>
    /// Begins with a net: what is kept of parameters of another one is forgotten, be they called the same; what it knows
    /// of the same parameters goes on.
    /// </summary>
    internal void Begin(IReadOnlyList<(string Name, Parameter Parameter)> parameters)
    {
        var before = owners;
        owners = parameters.ToDictionary(p => p.Name, p => (p.Parameter, p.Parameter.Identity()));
        var strangers = before.Keys.Where(name => !owners.TryGetValue(name, out var now) || now.Identity != before[name].Identity).ToList();
        foreach (var name in strangers)
        {
            foreach (var key in state.Keys.Where(key => key[..key.LastIndexOf('/')] == name).ToList())
            {
                state[key].Dispose();
                state.Remove(key);
            }
            counts.Remove(name);
            settings.Remove(name);
        }
        if (strangers.Count > 0 && state.Count == 0) Steps = 0;
    }

    /// <summary>Refuses to be divided among ranks where a step needs whole parameters.</summary>
    /// <exception cref="UsageException">It is not <see cref="IsElementWise"/>; the message names
    /// <paramref name="what"/>.</exception>
    public void RequireElementWise(string what)
    {
        if (!IsElementWise) throw new UsageException($"{what} divides parameters among ranks, and {Name} needs norms of whole ones: use {string.Join(", ", OptimizerList.ElementWise)}");
    }

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

    /// <summary>
    /// Begins a step in which parameters, or parts of them, are stepped one by one as their gradients arrive.
    /// </summary>
    public void Begin() => Steps++;

    /// <summary>Steps one parameter, or a part of it under the parameter's name, within the step begun.</summary>
    public void Step(string name, Tensor parameter, Tensor gradient, double learningRate)
    {
        if (!settings.ContainsKey(name)) Deal(name, parameter);
        var (scale, weightDecay, momentum) = settings[name];
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        try
        {
            Update(new(name, parameter, gradient, counts[name] = counts.GetValueOrDefault(name) + 1,
            learningRate * scale, weightDecay, momentum));
        }
        catch (ExternalException e) when (AllocationFailure.Is(e))
        {
            throw AllocationFailure.Explained(e,
            $"{Name} at {name}");
        }
    }

    /// <summary>Makes one step of one parameter; without autograd, in a dispose scope.</summary>
    protected abstract void Update(ParameterStep step);

    /// <summary>A named state tensor of the parameter's shape, zeros at first.</summary>
    protected Tensor StateOf(ParameterStep step, string kind, double initial = 0)
        => StateOf(step, kind, step.Parameter.shape, initial);

    /// <summary>
    /// A named state tensor of a shape of its own, for optimisers that are not <see cref="IsElementWise"/>.
    /// </summary>
    protected Tensor StateOf(ParameterStep step, string kind, long[] shape, double initial = 0)
    {
        var key = $"{step.Name}/{kind}";
        if (state.TryGetValue(key, out var tensor))
            return restored.Count > 0 && restored.Remove(key) ? Fitting(key, tensor, shape) : tensor;
        using var value = Scalars.Of(initial);
        return state[key] = full(shape, value, step.Parameter.dtype, step.Parameter.device).DetachFromDisposeScope();
    }

    // Kernels do not compare what they are given: the first step after a resume does.
    private static Tensor Fitting(string key, Tensor tensor, long[] shape)
        => tensor.numel() == shape.Aggregate(1L, (a, b) => a * b) && tensor.is_floating_point() ? tensor
        : throw new UsageException($"the optimiser's {key} is {tensor.dtype} {string.Join('x', tensor.shape)} in the checkpoint and {string.Join('x', shape)} here: begin anew without --resume");

    /// <summary>Name, settings and groups in one line: what a checkpoint keeps to notice a change.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{Name}{(Momentum is { } m ? $", momentum {m}" : "")}, weight decay {WeightDecay}{string.Concat(groups.Select(group => $"; {group}"))}");

    internal void Add(ParameterGroup group)
    {
        if (!group.Settings.Any()) throw new UsageException($"parameter group '{group.Name}' sets nothing: give it a learning-rate scale, weight decay or momentum");
        NotNegative(group.LearningRateScale ?? 0, $"learning-rate scale of group '{group.Name}'");
        NotNegative(group.WeightDecay ?? 0, $"weight decay of group '{group.Name}'");
        if (group.Momentum is { } own)
        {
            if (Momentum is null)
                throw new UsageException($"parameter group '{group.Name}' sets a momentum, which {Name} has not");
            In01(own, $"momentum of group '{group.Name}'");
        }
        groups.Add(group);
        settings.Clear();
    }

    /// <summary>Takes over state from a checkpoint, one tensor after the other.</summary>
    /// <param name="keys">Names of state.</param>
    /// <param name="read">Reads one, into CPU memory that becomes the optimiser's.</param>
    /// <param name="steps">Steps made.</param>
    /// <param name="late">The steps of those parameters that have missed some.</param>
    /// <param name="device">Where the parameters are.</param>
    internal void Restore(IEnumerable<string> keys, Func<string, Tensor> read, long steps,
        IReadOnlyDictionary<string, long> late, Device device)
    {
        Dispose();
        Steps = steps;
        foreach (var key in keys)
        {
            restored.Add(key);
            var tensor = read(key);
            state[key] = tensor.to(device).DetachFromDisposeScope();
            if (state[key].Handle != tensor.Handle) tensor.Dispose();
            var name = key[..key.LastIndexOf('/')];
            counts[name] = late.GetValueOrDefault(name, steps);
        }
    }

    private IEnumerable<ParameterGroup> Deal(string name, Tensor parameter)
    {
        var named = new NamedParameter(name, parameter);
        var mine = groups.Where(group => group.Selects(named)).ToList();
        foreach (var setting in mine.SelectMany(group => group.Settings).GroupBy(s => s).Where(s => s.Count() > 1)
            .Select(s => s.Key))
        {
            var rivals = mine.Where(group => group.Settings.Contains(setting)).Select(group => $"'{group.Name}'");
            throw new UsageException($"parameter {name} is in the groups {string.Join(" and ", rivals)}, which all set its {setting}");
        }
        if (NeedsGroups && mine.Count == 0) throw new UsageException($"parameter {name} is in no group: they are {string.Join(", ", groups.Select(group => $"'{group.Name}'"))}");
        settings[name] = (mine.Select(g => g.LearningRateScale).FirstOrDefault(v => v is not null) ?? 1,
            mine.Select(g => g.WeightDecay).FirstOrDefault(v => v is not null) ?? WeightDecay,
            mine.Select(g => g.Momentum).FirstOrDefault(v => v is not null) ?? Momentum ?? 0);
        return mine;
    }

    private bool HasState(string name) => state.Keys.Any(key => key.StartsWith(name + "/", StringComparison.Ordinal));

    /// <summary>Refuses a setting that is not in [0, 1).</summary>
    protected static double In01(double value, string name)
        => value is >= 0 and < 1 ? value
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture,
        $"{name} must be in [0, 1), got {value}"));

    /// <summary>Refuses a setting that is negative or no number.</summary>
    protected static double NotNegative(double value, string name)
        => value >= 0 && double.IsFinite(value) ? value
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture,
        $"{name} must be at least 0, got {value}"));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in state.Values) tensor.Dispose();
        state.Clear();
        restored.Clear();
        counts.Clear();
        GC.SuppressFinalize(this);
    }
}
