/** What is done to one of a list; what went wrong is told at that one. */
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { useComplaint } from "./Waiting.tsx";

interface Options<T> {
  act: (one: T) => Promise<unknown>;
  /** The list, which is fetched anew in any case. */
  list: QueryKey;
  done?: (one: T) => void;
}

export function useAct<T extends { id: string }>({ act, list, done }: Options<T>) {
  const queries = useQueryClient();
  const { mutate, error, isPending, variables } = useMutation({
    mutationFn: act,
    onSuccess: (_, one) => done?.(one),
    onSettled: () => queries.invalidateQueries({ queryKey: list }),
  });
  const complaint = useComplaint(error);
  return {
    act: (one: T) => mutate(one),
    busy: (one: T) => isPending && variables?.id === one.id,
    problem: (one: T) => (error && variables?.id === one.id ? complaint : null),
  };
}
