using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>One step of one parameter, with the settings of its group.</summary>
/// <param name="Name">The parameter's name: the key of its state.</param>
/// <param name="Parameter">What moves; written in place. Flat and only a part where ranks divide the optimiser.</param>
/// <param name="Gradient">Of the parameter's shape; read only.</param>
/// <param name="Count">Steps this parameter has made, this one included: 1 at its first gradient.</param>
/// <param name="LearningRate">The schedule's rate, times the group's scale.</param>
/// <param name="WeightDecay">The group's, or the optimiser's own.</param>
/// <param name="Momentum">The group's, or the optimiser's own; 0 where it has none.</param>
public readonly record struct ParameterStep(string Name, Tensor Parameter, Tensor Gradient, long Count,
    double LearningRate, double WeightDecay, double Momentum);
