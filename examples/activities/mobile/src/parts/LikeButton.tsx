// The heart with its count. Changes in the tick of the tap, with or without a network.
import { useOfflineMutation } from '@tidewire/react';
import type { Activity } from 'activities-shared/domain/types.ts';
import { likeActivity, unlikeActivity } from 'activities-shared/tidewire/mutations.ts';
import { Button, Words } from './parts';

export function LikeButton({ activity, large = false }: { activity: Activity; large?: boolean }) {
  const like = useOfflineMutation(likeActivity);
  const unlike = useOfflineMutation(unlikeActivity);
  const liked = activity.liked === true;
  return (
    <Button
      look={liked ? 'heart' : large ? 'quiet' : 'plain'}
      pressed={liked}
      label={`Like ${activity.title}, ${activity.likeCount} ${activity.likeCount === 1 ? 'like' : 'likes'}`}
      onPress={() => (liked ? unlike : like).mutate({ activityId: activity.id })}
      testID={`like-${activity.id}`}
      style={{ paddingHorizontal: 12 }}
    >
      <Words tone={liked ? 'heart' : 'soft'} size={large ? 18 : 20}>{liked ? '♥' : '♡'}</Words>
      <Words tone={liked ? 'heart' : 'soft'} bold testID={`like-count-${activity.id}`}>{String(activity.likeCount)}</Words>
    </Button>
  );
}
