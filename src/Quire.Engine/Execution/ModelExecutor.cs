using Quire.Models;
using Quire.Tensors;

namespace Quire.Engine;

/// <summary>Runs plans on one device in this process.</summary>
public sealed class ModelExecutor : IExecutor
{
    private readonly IDevice device;
    private readonly TransformerModel model;
    private readonly ExecutorOptions options;
    private readonly KvPool cache;
    private readonly Workspace workspace;
    private readonly StepArrays arrays;
    private readonly AdapterSlots? adapters;
    private readonly DeviceBuffer headRows, scratch;
    private readonly List<RunnerRow> rows = [];
    private readonly SamplingRow[] sampling;
    private readonly SampledToken[] tokens;
    private readonly StepResult result = new();
    private Tensor hidden;

    /// <param name="model">Disposed with the executor.</param>
    /// <param name="store">Adapters that requests may name; null where none may.</param>
    public ModelExecutor(IDevice device, TransformerModel model, ExecutorOptions options, AdapterStore? store = null)
    {
        if (store is not null) adapters = new AdapterSlots(store, model, options.AdapterSlots);
        this.device = device;
        this.model = model;
        this.options = options;
        KvPlan plan = model.PlanKv(options.KvType);
        cache = new KvPool(device, plan, options.Blocks, options.StateSlots);
        workspace = new Workspace(device, model.Spec, options.MaxBatchedTokens);
        arrays = new StepArrays(device, options, plan.Groups.Count, plan.States?.Interval ?? 0);
        scratch = device.Allocate(4L * options.LogitsRows * HeadWidth(model.Spec));
        headRows = device.Allocate(4L * options.LogitsRows * model.Spec.HiddenSize);
        sampling = new SamplingRow[options.LogitsRows];
        tokens = new SampledToken[options.LogitsRows];
    }

    /// <summary>Bytes that an executor allocates beside weights and KV blocks.</summary>
    public static long WorkspaceBytes(TransformerModel model, ExecutorOptions options)
    {
        KvPlan plan = model.PlanKv(options.KvType);
        return Workspace.Bytes(model.Spec, options.MaxBatchedTokens) + (4L * options.LogitsRows * (HeadWidth(model.Spec) + model.Spec.HiddenSize))
            + StepArrays.Bytes(options, plan.Groups.Count, plan.States?.Interval ?? 0);
    }

    /// <summary>Bytes that the device takes for itself in an executor's largest steps.</summary>
    public static long ScratchBytes(IDevice device, TransformerModel model, ExecutorOptions options) =>
        device.ScratchBytes(model.Demand(options.MaxBatchedTokens, options.MaxSequences, options.MaxModelLength, model.PlanKv(options.KvType)));

    // Numbers of a row after the final norm: logits, or what a pooler needs.
    private static int HeadWidth(ModelSpec model) => model.Pooler is { } pooler ? model.HiddenSize + pooler.Labels.Count : model.VocabularySize;

    public void Forward(StepPlan plan)
    {
        TakeOver(plan);
        adapters?.Prepare(plan, rows);
        arrays.Fill(plan, rows, adapters);
        hidden = model.Forward(arrays.Batch, cache, workspace);
    }

    public StepResult Sample(StepPlan plan)
    {
        result.Clear();
        int wanted = 0;
        for (int row = 0; row < plan.Rows.Count; row++) wanted = BeginRow(plan, row, wanted);
        for (int first = 0; first < arrays.LogitsRows; first += options.LogitsRows)
            SampleSlice(plan, first, Math.Min(options.LogitsRows, arrays.LogitsRows - first));
        device.Readback();
        for (int row = 0; row < plan.Rows.Count; row++)
            if (plan.Rows[row].Samples && !result.Token(row, 0).IsInvalid) rows[plan.Rows[row].Row].Append(result.Token(row, 0).Id);
        return result;
    }

    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[cache, workspace, arrays, scratch, headRows, model]) part.Dispose();
    }

    private void TakeOver(StepPlan plan)
    {
        for (int index = 0; index < plan.Rows.Count; index++)
        {
            PlannedRow planned = plan.Rows[index];
            while (rows.Count <= planned.Row) rows.Add(new RunnerRow());
            RunnerRow row = rows[planned.Row];
            if (planned.Request is { } request) row.Begin(request, cache.Plan.Tables, options.MaxModelLength);
            if (planned.ReplacesTables)
                foreach (List<int> table in row.Tables) table.Clear();
            for (int i = 0; i < planned.BlockCount; i++)
            {
                NewBlock block = plan.Blocks[planned.FirstBlock + i];
                row.Tables[block.Group].Add(block.Id);
            }
        }
    }

    // An engine's requests all pool, or none does; where other rows than the last count, every sequence of a step is whole.
    private void Pool(Tensor gathered, int first, int count)
    {
        Tensor pooled = model.Pool(gathered, hidden, arrays.LogitsIndices(first, count), arrays.QueryStart(first, count), scratch);
        device.Readback();
        for (int i = 0; i < count; i++)
        {
            float[] row = pooled.Slice(i, 1).AsSpan<float>().ToArray();
            (tokens[i].Pooled, tokens[i].IsInvalid) = (row, row.Any(value => !float.IsFinite(value)));
        }
    }

    // Result objects exist before the slices run, so that each slice can fill its own in any order of rows.
    private int BeginRow(StepPlan plan, int row, int wanted)
    {
        result.BeginRow();
        List<SampledToken>? prompt = null;
        for (; wanted < arrays.Wanted.Count && arrays.Wanted[wanted].PlanRow == row; wanted++)
        {
            if (arrays.Wanted[wanted].PromptPosition < 0) result.AddToken();
            else (prompt ??= []).Add(new SampledToken());
        }
        if (prompt is not null) result.SetPromptTokens(prompt);
        return wanted;
    }

    private void SampleSlice(StepPlan plan, int first, int count)
    {
        for (int i = 0; i < count; i++)
        {
            WantedRow wanted = arrays.Wanted[first + i];
            RunnerRow row = rows[plan.Rows[wanted.PlanRow].Row];
            if (wanted.PromptPosition < 0)
            {
                row.PrepareSampling(options.EosTokenIds);
                (sampling[i], tokens[i]) = (row.Sampling, result.Token(wanted.PlanRow, 0));
                continue;
            }
            sampling[i] = new SamplingRow { Forced = row.Tokens[wanted.PromptPosition], Logprobs = row.Request.Parameters.PromptLogprobs!.Value, Mode = row.Request.Parameters.LogprobsMode };
            tokens[i] = result.PromptTokens(wanted.PlanRow)![wanted.Index];
        }
        Tensor gathered = headRows.Tensor(DType.F32, new Shape(count, model.Spec.HiddenSize));
        if (model.Spec.Pooler is not null)
        {
            Pool(gathered, first, count);
            return;
        }
        Tensor slice = scratch.Tensor(DType.F32, new Shape(count, model.Spec.VocabularySize));
        device.GatherRows(gathered, hidden, arrays.LogitsIndices(first, count));
        model.Head(slice, gathered, arrays.LogitsAdapterSlots(first, count));
        device.Sample(slice, sampling.AsMemory(0, count), tokens.AsMemory(0, count));
    }
}
