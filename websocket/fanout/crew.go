package fanout

import "sync"

// A job is the first message to be written for a queue that was idle.
type job struct {
	q *Queue
	m *Message
}

// A crew is the goroutines that write what a Room broadcasts. While there are jobs, one goroutine
// is spare: it is about to take the next job, so that a write that waits delays no job. Most writes
// do not wait, so a few goroutines do all jobs. A goroutine for each job would cost more, because
// the runtime must grow its stack for the first write.
type crew struct {
	mu    sync.Mutex
	jobs  []job
	spare bool // a goroutine is about to take a job
}

// add hands jobs to the crew, which owns the slice from then on.
func (c *crew) add(jobs []job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.jobs) == 0 {
		c.jobs = jobs
	} else {
		c.jobs = append(c.jobs, jobs...)
	}
	c.keepSpare()
}

// keepSpare starts a goroutine if there are jobs and no spare one. The caller has c.mu.
func (c *crew) keepSpare() {
	if len(c.jobs) > 0 && !c.spare {
		c.spare = true
		go c.work()
	}
}

// work does jobs until there are none.
func (c *crew) work() {
	for j, ok := c.take(true); ok; j, ok = c.take(false) {
		j.q.write(j.m)
	}
}

// take returns the next job, if there is one. In its first call, a goroutine is the spare one.
func (c *crew) take(spare bool) (j job, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if spare {
		c.spare = false
	}
	if len(c.jobs) == 0 {
		return job{}, false
	}
	j = c.jobs[0]
	c.jobs[0] = job{}
	if c.jobs = c.jobs[1:]; len(c.jobs) == 0 {
		c.jobs = nil
	}
	c.keepSpare()
	return j, true
}
