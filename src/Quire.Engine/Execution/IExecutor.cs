namespace Quire.Engine;

/// <summary>Runs plans. Two calls a step, so that grammar masks can be computed while the forward pass runs.</summary>
public interface IExecutor : IDisposable
{
    /// <summary>Takes the plan's delta over and starts its forward pass.</summary>
    void Forward(StepPlan plan);

    /// <summary>Chooses tokens for the plan given to <see cref="Forward"/> last. Valid until the next step.</summary>
    StepResult Sample(StepPlan plan);
}
