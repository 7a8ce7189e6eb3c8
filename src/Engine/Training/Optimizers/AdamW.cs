namespace Interactive.Training;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2017): <c>torch.optim.AdamW</c>.</summary>
/// <param name="beta1">Decay of the mean of gradients; default 0.9. A group's momentum takes its place.</param>
/// <param name="beta2">Decay of the mean of their squares; default 0.999.</param>
/// <param name="epsilon">Added to the root of the squares; default 1e-8.</param>
/// <param name="weightDecay">Share of the parameter, times the learning rate, taken off in each step; default
/// 0.01.</param>
/// <param name="amsgrad">Divide by the greatest mean of squares so far (Reddi, Kale and Kumar 2018); default
/// false.</param>
public sealed class AdamW(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0.01,
    bool amsgrad = false)
    : Adam(beta1, beta2, epsilon, weightDecay, decoupled: true, amsgrad);
